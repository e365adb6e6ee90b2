// SPDX-License-Identifier: GPL-2.0-or-later
#include "workloads/act/pace.h"

#define NS_PER_SECOND 1000000000u

static uint64_t saturate(unsigned __int128 x)
{
	return x > UINT64_MAX ? UINT64_MAX : (uint64_t)x;
}

static uint64_t doubled(uint64_t bytes, uint64_t times)
{
	return times < 64 ? saturate((unsigned __int128)bytes << times) : UINT64_MAX;
}

uint64_t pace_due(const struct pace *pace, uint64_t elapsed_ns)
{
	switch (pace->shape) {
	case PACE_STEPS:
		return saturate((unsigned __int128)pace->chunk_bytes *
				(elapsed_ns / pace->interval_ns + 1));
	case PACE_EXPONENTIAL:
		return doubled(pace->chunk_bytes, elapsed_ns / pace->interval_ns);
	case PACE_BURST:
		return elapsed_ns >= pace->interval_ns ? UINT64_MAX : 0;
	case PACE_LINEAR:
		break;
	}
	if (!pace->rate)
		return UINT64_MAX;
	return saturate((unsigned __int128)pace->rate * elapsed_ns / NS_PER_SECOND);
}

uint64_t pace_when(const struct pace *pace, uint64_t bytes)
{
	uint64_t times = 0;

	if (!bytes)
		return 0;
	switch (pace->shape) {
	case PACE_STEPS:
		return saturate((unsigned __int128)((bytes - 1) / pace->chunk_bytes) *
				pace->interval_ns);
	case PACE_EXPONENTIAL:
		while (doubled(pace->chunk_bytes, times) < bytes)
			times++;
		return saturate((unsigned __int128)times * pace->interval_ns);
	case PACE_BURST:
		return pace->interval_ns;
	case PACE_LINEAR:
		break;
	}
	if (!pace->rate)
		return 0;
	return saturate(((unsigned __int128)bytes * NS_PER_SECOND + pace->rate - 1) /
			pace->rate);
}

uint64_t pace_wake(const struct pace *pace, uint64_t done_bytes, uint64_t unit_bytes,
		   uint64_t total_bytes, uint64_t now_ns)
{
	uint64_t next =
		done_bytes + unit_bytes < total_bytes ? done_bytes + unit_bytes : total_bytes;
	uint64_t wake = pace_when(pace, next), end = pace_when(pace, total_bytes);

	if (wake < now_ns + PACE_QUANTUM_NS)
		wake = now_ns + PACE_QUANTUM_NS;
	return wake < end ? wake : end;
}
