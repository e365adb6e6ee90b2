# SPDX-License-Identifier: GPL-2.0-or-later
# A Slurm cluster of three nodes on this machine's loopback: slurm_start DIR, slurm_stop.
# shellcheck shell=bash

# Needs slurmctld, slurmd and sbatch; fails, with the name of the package on stdout, without.
slurm_available()
{
	local program
	for program in slurmctld slurmd sbatch; do
		command -v "$program" > /dev/null || {
			echo 'no slurmctld: install slurm-wlm'
			return 1
		}
	done
}

# A port of 127.0.0.1 that nobody listens on, and the next three.
slurm_free_ports()
{
	local port
	for ((port = 26817; port < 27817; port += 10)); do
		ss -Hltn | awk -v low="$port" '
			{ sub(/.*:/, "", $4); taken += $4 >= low && $4 < low + 4 }
			END { exit taken != 0 }' || continue
		echo "$port"
		return
	done
	return 1
}

slurm_configure()
{
	local dir=$1 host port
	host=$(hostname -s)
	port=$(slurm_free_ports)
	cat > "$dir/slurm.conf" <<-CONF
		ClusterName=pagestorm
		SlurmctldHost=$host(127.0.0.1)
		SlurmctldPort=$port
		AuthType=auth/none
		CredType=cred/none
		SlurmUser=root
		SlurmdUser=root
		StateSaveLocation=$dir/state
		SlurmdSpoolDir=$dir/spool.%n
		SlurmctldPidFile=$dir/slurmctld.pid
		SlurmdPidFile=$dir/%n.pid
		SlurmctldLogFile=$dir/slurmctld.log
		SlurmdLogFile=$dir/%n.log
		ProctrackType=proctrack/linuxproc
		TaskPlugin=task/none
		SelectType=select/cons_tres
		SelectTypeParameters=CR_CPU
		MpiDefault=none
		ReturnToService=2
		SlurmdTimeout=5
		SchedulerParameters=sched_interval=1,bf_interval=1
	CONF
	for i in 1 2 3; do
		mkdir -p "$dir/spool.node$i"
		echo "NodeName=node$i NodeHostname=$host NodeAddr=127.0.0.1 Port=$((port + i)) CPUs=1"
	done >> "$dir/slurm.conf"
	echo 'PartitionName=all Nodes=node[1-3] Default=YES MaxTime=60 State=UP' >> "$dir/slurm.conf"
	mkdir -p "$dir/state"
}

slurm_idle_nodes()
{
	sinfo -h -t idle -o %D | awk '{ sum += $1 } END { print sum + 0 }'
}

# Until TEXT is what COMMAND… prints; fails after 60 s.
slurm_until()
{
	local text=$1 i
	for ((i = 0; i < 300; i++)); do
		[ "$("${@:2}" 2> /dev/null)" = "$text" ] && return
		sleep 0.2
	done
	echo "never '$text': ${*:2}"
	return 1
}

slurm_start()
{
	slurm_configure "$1"
	export SLURM_CONF=$1/slurm.conf
	slurmctld -c
	for i in 1 2 3; do
		slurmd -N "node$i"
	done
	slurm_until 3 slurm_idle_nodes
}

slurm_kill_tree()
{
	local child children
	kill -STOP "$1" 2> /dev/null || return 0
	children=$(pgrep -P "$1" || true)
	for child in $children; do
		slurm_kill_tree "$child"
	done
	kill -KILL "$1" 2> /dev/null || return 0
}

# slurm_kill_node DIR NODE: its daemon and all that it started, as when it loses its power
slurm_kill_node()
{
	local script
	kill -KILL "$(cat "$1/$2.pid")" 2> /dev/null || true
	for script in $(pgrep -f "^[^ ]*sh $1/spool.$2/job"); do
		slurm_kill_tree "$(ps -o ppid= -p "$script" | tr -d ' ')"
	done
	return 0
}

slurm_stop()
{
	local node
	for node in node1 node2 node3; do
		slurm_kill_node "$1" "$node"
	done
	kill -KILL "$(cat "$1/slurmctld.pid")" 2> /dev/null
	return 0
}

# Slurm starts what was queued again after two minutes: an operator may let it start sooner, but
# not within the second in which the last start's credential was revoked.
slurm_start_now()
{
	squeue -h -t PD -o '%i %r' | while read -r id reason; do
		[ "$reason" != BeginTime ] || scontrol update JobId="$id" StartTime=now+2
	done
}

# slurm_finish SECONDS: until nothing is queued or running.
slurm_finish()
{
	local end=$((SECONDS + $1))
	while [ -n "$(squeue -h)" ]; do
		[ "$SECONDS" -lt "$end" ] || { squeue; return 1; }
		slurm_start_now
		sleep 3
	done
}
