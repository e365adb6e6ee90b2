# SPDX-License-Identifier: GPL-2.0-or-later
"""Random runs: options, limits and neighbours in one profile, drawn from a seed.

Options, their types, ranges and choices are what `pagestorm list --json` says. This file adds
what no type says: which texts an option takes, and which options multiply the work of others,
so that a run ends within a second. It reads nothing of the machine: `Machine` is given.
"""
import dataclasses
import math
import random

KIB, MIB, GIB = 1 << 10, 1 << 20, 1 << 30
UNITS = {'': 1, 'K': KIB, 'M': MIB, 'G': GIB, 'T': 1 << 40}
SECONDS = {'ms': 0.001, 's': 1, 'm': 60, 'h': 3600, 'd': 86400}

# Each does its work once more for each unit: their product with the size is bounded.
MULTIPLIERS = ('blocks', 'cycles', 'passes', 'procs')
# Work that is slower by the byte than a first touch: the bound is divided by this.
SLOWER = {'cache': 8, 'dirty': 16, 'shm': 4, 'swap': 8, 'victim': 2, 'leak': 8, 'malloc_churn': 2,
          'kswapd': 1, 'full_node': 1, 'numa': 4}
# What no range says: a power of two, whole pages (of any size) below a huge page.
STEPPED = {
    'align': lambda value: str(1 << value.bit_length() - 1),
    'offset': lambda value: str(value % (2 * MIB) // (64 * KIB) * 64 * KIB),
}
OOM = ('oom', 'global_oom')
# Pages; by default the claims are exact, but what fits before an OOM kill is bounded.
SHORTFALLS = {'oom': (1 << 11, 1 << 12)}
LONGEST = 0.25  # seconds of any one wait, rate or measurement
# They fill the whole machine, a node of it, or all its free blocks.
GUEST_ONLY = ('buddy', 'full_node', 'global_oom', 'kswapd')


@dataclasses.dataclass
class Machine:
    """What the draws may take of it."""
    memory: int = 4 * GIB      # bytes that all workers of a run may take together
    nodes: int = 1
    cpus: int = 2
    swap: tuple = ('zram', 'file')
    guest: bool = False        # whether a run may put the whole machine under pressure
    v2: bool = False           # version of the memory controller


@dataclasses.dataclass
class Draw:
    """One run: its workers, and the keys of its command line."""
    workers: list              # (name, workload)
    keys: list                 # (key, value), in order; of several workers NAME.key
    shortfall: bool            # a fault is injected: a claim must fail

    def profile(self):
        """The profile of several workers; None where the workload's name says it all."""
        if len(self.workers) == 1:
            return None
        return ''.join(f'[workload {name}]\ntype = {workload}\n' for name, workload in self.workers)

    def words(self, profile='-'):
        """The words behind `pagestorm run`; profile is where profile() was written."""
        first = self.workers[0][1] if len(self.workers) == 1 else profile
        return [first] + [f'{key}={value}' for key, value in self.keys]

    def line(self, subcommand='run'):
        """The line for a shell that reproduces it."""
        text = self.profile()
        profile = "printf '{}' > drawn.ini && ".format(text.replace('\n', '\\n')) if text else ''
        return f'{profile}pagestorm {subcommand} ' + ' '.join(self.words('drawn.ini'))


def parse_number(text):
    """A default or a bound of list --json in its base unit; None where it is no number."""
    for table in (UNITS, SECONDS):
        for unit, factor in sorted(table.items(), key=lambda item: -len(item[0])):
            if unit and text.endswith(unit):
                try:
                    return float(text[:-len(unit)]) * factor
                except ValueError:
                    pass
    try:
        return float(text[:-1]) / 100 if text.endswith('%') else float(text)
    except ValueError:
        return None


class Drawer:
    """Draws with one generator; workloads is what list --json prints."""

    def __init__(self, workloads, machine, seed, only=None):
        self.workloads = {w['name']: w for w in workloads}
        self.machine = machine
        self.seed = seed
        self.names = [n for n in self.workloads if not only or n in only]

    def draw(self, number):
        """Draw number NUMBER of this seed, whatever was drawn before."""
        self.rng = random.Random(f'{self.seed}/{number}')
        several = self.rng.random() < 0.25
        count = self.rng.randint(2, 4) if several else 1
        able = [n for n in self.names if self.machine.guest or n not in GUEST_ONLY]
        types = [self.rng.choice(able or self.names) for _ in range(count)]
        # Where nothing may fill the machine, such a run is only refused: now and then.
        if count == 1 and self.rng.random() < 0.02:
            types = [self.rng.choice(self.names)]
        workers = [(f'w{i}', t) for i, t in enumerate(types)]
        keys, shortfall = self.run_keys(types), False
        for name, workload in workers:
            prefix = f'{name}.' if several else ''
            limits = self.limits(workload, count)
            drawn = self.options(workload, count, dict(limits))
            drawn += limits + self.worker_keys(workload)
            if not several and self.detects_shortfall(workload, keys + drawn) and self.rng.random() < 0.05:
                drawn.append(('inject_shortfall', self.rng.choice(SHORTFALLS.get(workload, (1, 1, 2, 16)))))
                shortfall = True
            keys += [(prefix + key, value) for key, value in drawn]
        return Draw(workers, keys, shortfall)

    @staticmethod
    def detects_shortfall(workload, keys):
        """Whether its claims are fine enough: not where what was killed or swapped leaves room."""
        names = {key for key, _ in keys}
        if workload == 'oom':
            return not names & {'victims', 'swap.type', 'memory.swap.max', 'memory.oom.group'}
        return workload != 'null' and ('kind', 'cow') not in keys  # which may copy no page

    def log_uniform(self, low, high):
        """A whole number; each octave is as likely as any other."""
        low, high = max(1, low), max(1, low, high)
        return int(round(math.exp(self.rng.uniform(math.log(low), math.log(high)))))

    def bytes(self, low, high):
        """Bytes: round ones, pages and odd ones, as people write them."""
        value = self.log_uniform(low, high)
        kind = self.rng.random()
        if kind < 0.3 and value >= low + KIB:
            return f'{value // KIB}K'
        if kind < 0.6 and value >= low + MIB:
            return f'{value // MIB}M'
        return str(value)

    def option(self, option, bound):
        """A value of an option; bound is the most that a number may be."""
        rng, kind = self.rng, option['type']
        low = parse_number(option['min'] or '0') or 0
        high = min(parse_number(option['max'] or '1e18'), bound)
        if kind == 'choice':
            return rng.choice(option['choices'].split('|'))
        if kind == 'bool':
            return rng.choice(('yes', 'no'))
        if kind == 'text':
            return self.text(option['name'])
        if kind == 'ratio':
            high = parse_number(option['max'] or '1')
            value = rng.choice((low, high, rng.uniform(low, high), rng.uniform(low, min(high, 4))))
            return f'{value * 100:.2f}%' if rng.random() < 0.5 else f'{value:.4f}'
        if kind == 'seconds':
            if low == 0 and rng.random() < 0.3:
                return '0s'
            return f'{self.log_uniform(max(1, low * 1000), high * 1000)}ms'
        if kind == 'rate':
            return '0' if rng.random() < 0.4 else f'{self.log_uniform(bound, bound * 64)}/s'
        if option['name'] in STEPPED and rng.random() < 0.9:
            return STEPPED[option['name']](self.log_uniform(low, high))
        if low == 0 and rng.random() < 0.2:
            return '0'
        return self.bytes(low, high) if kind == 'bytes' else str(self.log_uniform(low, high))

    def text(self, name):
        """A value of an option of type text, by its name: the only copy of what these take."""
        rng, node = self.rng, lambda: str(rng.randrange(self.machine.nodes + 1))
        texts = {
            'fill': lambda: rng.choice(('zero', 'same', 'random', f'{rng.randint(0, 100)}%')),
            'node': lambda: rng.choice(('any', node())),
            'cpu': lambda: rng.choice(('first', node())),
            'memory': lambda: rng.choice(('local', 'nearest', 'farthest', node())),
            'victims': lambda: ','.join(f'{self.log_uniform(1, 16)}M:{rng.randint(0, 1000)}'
                                        for _ in range(rng.randint(1, 3))),
        }
        if name not in texts:
            raise LookupError(f'tests/random/draw.py: no text is known for the option {name}')
        return texts[name]()

    def options(self, workload, count, limits):
        """(key, value) of its options: half of them drawn, and all that would take too long."""
        left = self.machine.memory // count // SLOWER.get(workload, 1)
        most = limits.get('memory.max')
        if most and self.rng.random() < 0.9:  # seldom does not fit
            left = min(left, max(64 * KIB, int(most) // 2))
        options, drawn = self.workloads[workload]['options'], []
        total = int(most or 0)  # where it has no size, it grows to its limit
        order = ('size', 'block') + MULTIPLIERS
        for option in sorted(options, key=lambda o: order.index(o['name']) if o['name'] in order else len(order)):
            name, kind = option['name'], option['type']
            default, low = parse_number(option['default']), parse_number(option['min'] or '0') or 0
            if name == 'size':
                bound = max(low, min(left, 64 * MIB) if workload == 'null' else left)
            elif name in MULTIPLIERS:
                bound = max(low, 1, left // max(total, 1))
            elif kind == 'seconds':
                bound = LONGEST
            elif kind == 'rate':
                bound = max(total, KIB) / LONGEST
            elif kind == 'bytes':
                bound = max(low, min(left, 4 * total))
            else:
                bound = 100000
            chosen = self.rng.random() < 0.5
            too_long = kind in ('bytes', 'count', 'seconds') and default is not None and default > bound
            # A step for each few bytes, and a wait for each step.
            if name == 'chunk':
                chosen, low = True, max(low, total // 8)
                option = dict(option, min=str(low))
                bound = max(bound, low)
            if chosen or too_long or name == 'size':
                value = self.option(option, bound)
                drawn.append((name, value))
            else:
                value = option['default']
            number = parse_number(value) or 0
            if name in ('size', 'block'):
                total = int(max(number, total if name == 'block' else 0))  # of whole blocks
            elif name in MULTIPLIERS:
                total = int(max(1, total) * max(1, number))
        self.rng.shuffle(drawn)
        return drawn

    def limits(self, workload, count):
        """Limits of the worker's group."""
        rng, limits, size = self.rng, [], 0
        if workload in ('oom', 'swap') or rng.random() < 0.5:
            most = min(self.machine.memory // count, 256 * MIB if workload in ('oom', 'swap') else GIB)
            size = self.log_uniform(4 * MIB, most) // (64 * KIB) * 64 * KIB
            limits.append(('memory.max', str(size)))
        for name, value in self.other_limits(size):
            if name.endswith('.high') and workload in OOM:
                continue  # its throttling takes minutes
            v2_only = name in ('memory.high', 'memory.low', 'memory.min', 'memory.swap.high', 'memory.oom.group')
            if rng.random() < (0.1 if self.machine.v2 or not v2_only else 0.005):
                limits.append((name, value))
        return limits

    def pages(self, low, high):
        """Bytes, whole pages of any size."""
        return str(max(64 * KIB, self.log_uniform(low, high) // (64 * KIB) * 64 * KIB))

    def other_limits(self, size):
        """(name, value) of each other limit of a group."""
        rng = self.rng
        return (
            ('memory.high', self.pages(max(8 * MIB, size * 3 // 4), max(64 * MIB, size))),
            ('memory.low', self.pages(1, 64 * MIB)),
            ('memory.min', self.pages(1, 64 * MIB)),
            ('memory.swap.max', rng.choice(('0', 'max', self.pages(MIB, 256 * MIB)))),
            ('memory.swap.high', self.pages(MIB, 256 * MIB)),
            ('memory.swappiness', str(rng.randint(0, 100))),
            ('memory.oom.group', rng.choice(('0', '1'))),
            ('cpuset.cpus', self.cpu_list()),
            ('cpuset.mems', str(rng.randrange(self.machine.nodes))),
        )

    def cpu_list(self):
        """One CPU, or several."""
        first = self.rng.randrange(self.machine.cpus)
        last = self.rng.randrange(first, self.machine.cpus)
        return f'{first}' if first == last else f'{first}-{last}'

    def worker_keys(self, workload):
        """Keys of a worker that are no options of its workload."""
        rng = self.rng
        keys = (
            ('delay', f'{rng.randint(0, 100)}ms'),
            ('hold', f'{rng.randint(0, 200)}ms'),
            ('background', rng.choice(('yes', 'no'))),
            ('oom_score_adj', str(rng.randint(0, 1000))),
            ('cpus', self.cpu_list()),
            ('mems', str(rng.randrange(self.machine.nodes))),
            ('prewarm', rng.choice(('yes', 'no'))),
        )
        # A background worker is stopped when the others are done, and no OOM kill may come.
        keys = [key for key in keys if key != ('background', 'yes') or workload not in OOM]
        return [key for key in keys if rng.random() < 0.08]

    def run_keys(self, types):
        """Keys of the whole run: the swap device, pools, and the trial's own."""
        rng, keys = self.rng, []
        if self.machine.swap and ('swap' in types or rng.random() < 0.1):
            keys += [('swap.type', rng.choice(self.machine.swap)),
                     ('swap.size', f'{rng.choice((64, 128, 256))}M')]
            if 'swap' in types or rng.random() < 0.5:
                keys.append(('swap.priority', '32767'))
        if 'hugetlb' in types and rng.random() < 0.9:
            keys.append(('hugepages.2048kB', str(self.log_uniform(1, self.machine.memory // (16 * MIB)))))
        for key, value in (('repeats', '2'), ('seed', str(rng.randrange(1 << 32))),
                           ('sample', rng.choice(('0s', '10ms', '1s'))), ('reset', 'swap'),
                           ('keep_raw', 'yes'), ('noise', 'no')):
            if rng.random() < (0.5 if key == 'noise' else 0.06):
                keys.append((key, value))
        return keys
