#!/usr/bin/env python3
"""A random walk through the rules of recovery (docs/architecture.md, src/domain/rules.rs).

Store: linearizable, always there, now and then seconds slow. Redis: wiped, failed over (losing its last steps), cut off from a node.
Nodes: killed, paused for up to 20 s, clocks up to 30 s off. Clients: send with nonces, retry on other nodes at once or after seconds, move between nodes,
resume by cursor; now and then an attempt lies in a socket for seconds before its node gets it. Then everything heals, half of the clients reconnect once, half never again, and everybody must hold every acknowledged message;
no nonce may be published under two ids. A step of an operation is what stands between two `yield`s; a death or a pause falls between steps.

    recovery_model.py [runs] [--without RULE]...

3,000 runs, 343,000 acknowledged: 0 lost, 0 doubled. Without any one of fourteen of the eighteen rules it fails within 500 runs; `stall` and `ask`
are a second line behind `look`, `recheck` behind `slow`, and `confirm` (others repair what it prevents) would need rarer walks than these.

RULES: holes        a hole in a topic's count marks the topic as a gap
       compare      heads are compared with what was delivered every few seconds; only that advances what is proved
       sweep        after another Redis process or epoch, every followed topic is read from the store, whatever its head says
       confirm      a resuming client's store read comes after its subscription is confirmed and counted; else the topic stays a gap
       reset        a second follower of a topic changes nothing of what the node knows about it
       late         nothing is published under an id older than the bound: a line in the change log under a new id comes first
       lag          cursors stay behind what is proved by more than that bound
       unpublished  what could not be published is written down and published by whoever can
       recheck      the publishing script checks that the claim is still there
       slow         an attempt that took more than a second doubts itself
       stall        a node that was stopped treats what it finds in its sockets as retries
       ask          a retry always asks `sends`, even when it finds a claim
       wait         a retry that finds no claim waits a little longer than `slow`'s second before it asks
       look         beside its plain write an attempt looks whether the store knows another: it may have lain in a socket since before its retry
       lwt          in doubt `sends` decides, by lightweight transaction; plain writes to it always lose against that
       claim        an attempt claims its nonce before it writes, and one that is repeated looks for the claim; without, each takes itself for the only one
       repair       what a gap lacks is read from the store
       clock        a node that never heard the reference clock takes no messages
"""
import heapq, random, sys, collections

BOUND, LAG, COMPARE, BEAT, SLOW = 3.0, 5.0, 4.0, 6.0, 1.0     # seconds; LAG > BOUND + what ids may lag

class World:
    def __init__(w, seed, off):
        w.r = random.Random(seed); w.off = off; w.now = 1000.0; w.q = []; w.n = 0
        w.msgs = collections.defaultdict(dict)      # room -> id -> (author, nonce)
        w.log = collections.defaultdict(dict)       # room -> change id -> message id
        w.sends = {}                                # (author, nonce) -> id       (store)
        w.unpub = {}                                # key -> (room, mid)
        w.redis = Redis(w); w.nodes = [Node(w, i) for i in range(3)]
        w.acked = []; w.clients = []; w.pub = collections.defaultdict(set)
        w.quiet = False
    def at(w, dt, f, *a):
        w.n += 1; heapq.heappush(w.q, (w.now + dt, w.n, f, a))
    def go(w, node, gen):                           # runs a generator; each yield is a delay; node pauses and deaths apply between steps
        life = node.life if node else None
        def step():
            if node and node.life != life: return
            if node and node.paused_until > w.now: node.woke = node.paused_until; return w.at(node.paused_until - w.now + 1e-4, step)
            try: d = next(gen)
            except StopIteration: return
            w.at(d, step)
        w.at(0, step)
    def run(w, until):
        while w.q and w.q[0][0] <= until:
            w.now, _, f, a = heapq.heappop(w.q); f(*a)
        w.now = until
    def plain(w, key, mid):                         # last write wins, by the id's own time
        if key not in w.sends or mid > w.sends[key][1]: w.sends[key] = (mid, mid)
    def lwt(w, key, mid):                           # insert if not exists; what stands there
        return w.sends.setdefault(key, (mid, w.now + 1e6))[0]
    def rtt(w): return w.r.choice([.0005, .001, .002, .01]) if w.quiet or w.r.random() > .02 else w.r.uniform(.5, 8)   # now and then a step is very slow

class Redis:
    def __init__(s, w): s.w = w; s.run = 0; s.reset()
    def reset(s): s.heads = {}; s.claims = {}; s.epoch = s.w.r.random(); s.hist = collections.deque(maxlen=400)
    def snap(s): s.hist.append((s.w.now, dict(s.heads), dict(s.claims)))
    def drop_all(s):
        for n in s.w.nodes: n.lose_connection()
    def wipe(s): s.run += 1; s.reset(); s.drop_all()
    def failover(s, lost):
        t = s.w.now - lost; old = [h for h in s.hist if h[0] <= t]
        s.run += 1
        if old: _, s.heads, s.claims = old[-1]; s.heads = dict(s.heads); s.claims = dict(s.claims)
        else: s.heads, s.claims = {}, {}
        s.drop_all()
    # scripts, each atomic
    def claim(s, key, new_id):
        s.snap()
        if new_id is not None: s.claims.setdefault(key, new_id)
        return s.claims.get(key)
    def publish(s, room, eid, ev, key=None):
        """-> False where the claim is gone"""
        s.snap()
        if key is not None and not {'recheck', 'claim'} & s.w.off:
            if s.claims.get(key) != ev[0]: return False
        s.w.pub[(room, s.w.msgs[room].get(ev[0]))].add(ev[0])
        c, n = s.heads.get(room, (0, 0)); c += 1; s.heads[room] = (c, max(n, eid))
        for nd in s.w.nodes:
            if nd.conn is not None and room in nd.subs: nd.inbox(room, c, ev, eid)
        return True

class Node:
    def __init__(s, w, i):
        s.w = w; s.i = i; s.life = 0; s.paused_until = 0; s.cut = False; s.up = True; s.woke = -1; s.boot()
    def boot(s):
        s.skew = s.w.r.uniform(-30, 30); s.conn = None; s.subs = set(); s.gen = 0
        s.count = {}; s.floor = {}; s.dirty = set(); s.proven = {}; s.lastrun = None; s.followers = collections.defaultdict(set); s.hlc = 0; s.offset = None
        s.sessions = set()
        s.w.go(s, s.relay()); s.w.go(s, s.sweeper())
    def kill(s):
        s.life += 1; s.up = False; s.conn = None
        for c in list(s.sessions): c.gone(s.life - 1)
    def start(s): s.up = True; s.paused_until = 0; s.boot()
    def reach(s): return not s.cut
    def clock(s): return s.w.now + s.skew
    def lose_connection(s): s.conn = None; s.subs = set(); s.gen += 1
    def new_id(s, ref):                              # reference clock, ahead of all that this node saw
        t = ref if ref is not None else s.clock() + s.offset
        s.hlc = max(s.hlc + 1e-6, t); return s.hlc + s.i * 1e-8
    # --- live path
    def inbox(s, room, c, ev, eid):
        gen = s.gen
        def take():
            if s.gen != gen or s.conn is None: return      # in flight when the connection broke: lost
            if s.paused_until > s.w.now: return s.w.at(s.paused_until - s.w.now + 1e-4, take)
            if s.w.r.random() < .002: return               # a loss that nobody notices
            have = s.count.get(room)
            if have is None or c != have + 1:
                if have is None or c > have + 1: s.mark(room)
            s.count[room] = max(c, have or 0)
            s.hlc = max(s.hlc, eid) if eid < s.w.now + 1 else s.hlc
            s.deliver(room, [ev])
        s.w.at(s.w.rtt(), take)
    def mark(s, room):
        if 'holes' not in s.w.off: s.dirty.add(room)
    def deliver(s, room, evs):
        for c in list(s.followers[room]):
            for e in evs: c.see(e)
    def changes(s, room, since):
        out = [(m,) for m in s.w.msgs[room] if m > since]
        out += [(m,) for cid, m in s.w.log[room].items() if cid > since and m in s.w.msgs[room]]
        return out
    # --- relay: keep the subscription, compare, repair, prove
    def relay(s):
        w = s.w
        while True:
            yield w.r.uniform(.2, .5)
            if not s.reach():
                if s.conn is not None and w.r.random() < .5: s.lose_connection()
                continue
            if s.conn is None:
                yield w.rtt()
                if not s.reach(): continue
                s.gen += 1; s.conn = w.redis.run; s.subs = set(s.followers)
                trust = s.lastrun == (w.redis.run, w.redis.epoch); s.lastrun = (w.redis.run, w.redis.epoch)
                s.offset = w.now - s.clock()
                for room in list(s.followers):
                    if trust or 'sweep' in w.off:
                        if w.redis.heads.get(room, (0, 0))[0] != s.count.get(room): s.dirty.add(room)
                        s.proven[room] = min(s.proven.get(room, w.now), w.now)
                    else: s.dirty.add(room)
                    s.count[room] = w.redis.heads.get(room, (0, 0))[0]
            start, gen = w.now, s.gen
            if start - getattr(s, 'last', 0) > COMPARE and 'compare' not in w.off:
                s.last = start; yield w.rtt()
                if s.gen != gen or not s.reach() or s.conn != w.redis.run: continue
                heads = dict(w.redis.heads)
                yield .2                                        # what was on its way arrives
                if s.gen != gen: continue
                for room in list(s.followers):
                    h = heads.get(room, (0, 0))[0]
                    if h > s.count.get(room, 0): s.dirty.add(room); s.count[room] = h
                    elif h < s.count.get(room, 0) and w.redis.heads.get(room, (0, 0))[0] < s.count.get(room, 0):
                        s.dirty.add(room); s.count[room] = h
                clean = [r for r in s.followers if r not in s.dirty and r in s.subs]
                for r in clean: s.proven[r] = max(s.proven.get(r, 0), start)
            for room in list(s.dirty) if s.conn is not None else ():
                if not (room in s.subs and room in s.count): continue
                yield w.rtt()
                if s.gen != gen: break
                s.dirty.discard(room)
                if 'repair' not in w.off: s.deliver(room, s.changes(room, s.proven.get(room, 0) - LAG))
                # proved through t only by the next clean comparison
            if 'compare' in w.off and s.conn is not None:
                for r in s.followers: s.proven[r] = w.now
    def sweeper(s):
        w = s.w
        while True:
            yield w.r.uniform(1, 3)
            if not s.reach() or 'unpublished' in w.off: continue
            for k, (room, mid) in list(w.unpub.items()):
                cid = s.new_id(w.now); yield w.rtt()
                if 'late' not in w.off: w.log[room][cid] = mid
                yield w.rtt()
                if not s.reach(): break
                w.redis.publish(room, cid, (mid,)); yield w.rtt()
                w.unpub.pop(k, None)
    def subscribe(s, r):
        gen = s.gen; yield s.w.rtt()
        if s.gen != gen or s.conn is None or not s.followers[r]: return      # the relay subscribes anew when it is connected
        s.subs.add(r); yield s.w.rtt()
        if s.gen == gen and r not in s.count: s.count[r] = s.w.redis.heads.get(r, (0, 0))[0]
    # --- the way of a message; answer(mid) or silence
    def send(s, room, author, nonce, retry, answer):
        w, key, got = s.w, (author, nonce), s.w.now
        retry = retry or (w.now - s.woke < .5 and 'stall' not in w.off)      # this node was stopped: what it finds may be old
        if s.offset is None:                                    # never heard the reference clock: not ready
            if 'clock' not in w.off: return
            s.offset = 0
        mid, t0 = s.new_id(None), w.now                         # by the node's own clock, put right by what it last heard
        proposed, claim = mid, None                             # claim: None, 'new' or 'found'
        yield w.rtt()
        if 'claim' in w.off: claim = 'new'
        elif s.reach():                                         # a retry looks, but makes no claim: another retry would not wait
            s.offset = w.now - s.clock(); held = w.redis.claim(key, None if retry else proposed)
            if held is not None: mid = held; claim = 'new' if mid == proposed else 'found'
        if retry and claim != 'found' and not {'wait', 'claim'} & w.off: yield SLOW + .2   # an attempt still on its way has written by then, or doubts itself
        sure = claim == 'new' and not retry or 'ask' in w.off and claim is not None or 'claim' in w.off    # the only attempt, as far as it knows
        settled = False                                         # sends was asked by lightweight transaction
        if mid != proposed: t0 = -1e9                           # a claim that was found may be old
        if sure:
            yield w.rtt(); w.msgs[room][mid] = key; known = w.sends.get(key, (mid,))[0]
            yield w.rtt() if w.r.random() < .5 else 0
            w.plain(key, mid)
            if known != mid and not {'look', 'claim'} & w.off: sure = False
            if w.now - got > SLOW and 'slow' not in w.off: sure = False
        while True:
            if not sure and not settled:
                yield w.rtt()
                won = w.lwt(key, mid) if 'lwt' not in w.off else w.plain(key, mid) or mid
                settled = True; yield w.rtt()
                if won != mid: w.msgs[room].pop(mid, None); mid = won; t0 = -1e9
                w.msgs[room][mid] = key; yield w.rtt()
            cid, late = mid, w.now - t0 > BOUND and 'late' not in w.off
            if late: cid = s.new_id(w.now if s.reach() else None); w.log[room][cid] = mid; yield w.rtt()
            t1 = w.now
            if s.reach():
                if not w.redis.publish(room, cid, (mid,), None if settled else key): sure = False; continue
            elif not settled: sure = False; continue
            elif 'unpublished' not in w.off: w.unpub[(room, mid, s.i)] = (room, mid)
            yield w.rtt()
            if 'late' in w.off or w.now - (t1 if late else t0) <= BOUND: break
            t0 = -1e9
        answer(mid)

class Client:
    def __init__(s, w, name, rooms):
        s.w = w; s.name = name; s.rooms = rooms; s.node = None; s.cursor = w.now - LAG; s.view = set(); s.k = 0; s.session = 0
        w.go(None, s.live()); w.go(None, s.talk())
    def see(s, ev): s.view.add(ev[0])
    def gone(s, life): s.off()
    def off(s):
        if s.node:
            for r in s.rooms: s.node.followers[r].discard(s)
            s.node.sessions.discard(s)
        s.node = None; s.session += 1
    def live(s):
        w = s.w
        while True:
            yield w.r.uniform(.1, 2)
            if s.node is None or (not w.quiet and w.r.random() < .02):
                s.off(); yield w.r.choice([.01, .5, 3, 8])
                up = [n for n in w.nodes if n.up and n.paused_until <= w.now]
                if up: w.go(n := w.r.choice(up), s.resume(n, s.session))
                yield 1.5
    def resume(s, n, session):
        w = s.w; yield w.rtt()
        if s.session != session: return
        s.node = n; n.sessions.add(s)
        for r in s.rooms:
            first = not n.followers[r]; n.followers[r].add(s)
            if first or 'reset' in w.off: n.proven[r] = w.now - LAG; n.count.pop(r, None); n.dirty.discard(r); n.subs.discard(r); w.go(n, n.subscribe(r))
            while 'confirm' not in w.off and not (r in n.subs and r in n.count) and n.conn is not None and n.reach():    # the relay repairs what a broken connection missed
                yield .01
                if s.session != session: return
            if not (r in n.subs and r in n.count): n.dirty.add(r)           # not confirmed: a gap until it is
        cur = s.cursor
        for r in s.rooms:
            yield w.rtt()
            if s.session != session: return
            for e in n.changes(r, cur): s.see(e)
        w.go(n, s.beat(n, session))
    def beat(s, n, session):
        w = s.w
        while True:
            yield w.r.uniform(.5, BEAT)
            if s.session != session: return
            lag = 0 if 'lag' in w.off else LAG
            s.cursor = max(s.cursor, min(n.proven.get(r, 0) for r in s.rooms) - lag)
    def talk(s):
        w = s.w
        while not w.quiet:
            yield w.r.expovariate(.5)
            room = w.r.choice(s.rooms); s.k += 1; nonce = s.k; tries = 0; done = []
            while not done and tries < 40:
                up = [n for n in w.nodes if n.up]
                if up:
                    n = s.node or w.r.choice(up)
                    late = w.r.uniform(1, 20) if w.r.random() < .03 else 0     # it lies in a socket
                    w.at(late, lambda n=n, life=n.life, t=tries, room=room, nonce=nonce, done=done: n.life == life and w.go(n, n.send(room, s.name, nonce, t > 0, done.append)))
                tries += 1; yield w.r.choice([.02, .3, 2, 6])
            if done: w.acked.append((room, s.name, nonce, done[0]))

def faults(w):
    while not w.quiet:
        yield w.r.expovariate(.35)
        f = w.r.random(); n = w.r.choice(w.nodes)
        if f < .15 and sum(x.up for x in w.nodes) > 1 and n.up:
            n.kill(); yield w.r.choice([.1, 5]); n.start()
        elif f < .35 and n.up: n.paused_until = max(n.paused_until, w.now + w.r.choice([.5, 4, 20]))
        elif f < .45: w.redis.wipe()
        elif f < .6: w.redis.failover(w.r.choice([.005, .5, 2]))
        elif f < .8: n.lose_connection()
        elif n.up: n.cut = True; yield w.r.choice([.3, 3, 10]); n.cut = False

def one(seed, off):
    w = World(seed, off); rooms = ['a', 'b', 'c']
    w.clients = [Client(w, f'u{i}', rooms if i % 2 else rooms[:2]) for i in range(6)]
    w.go(None, faults(w)); w.run(1000 + 90)
    w.quiet = True
    for n in w.nodes: n.cut = False
    w.run(w.now + 40)
    for c in w.clients[:3]: c.off()                    # half reconnect once, half live on what was repaired
    w.run(w.now + 60)
    lost = [(c.name, a) for a in w.acked for c in w.clients if a[0] in c.rooms and a[3] not in c.view]
    dup = [(k, v) for k, v in w.pub.items() if len(v) > 1 and k[1] is not None]
    dup += [a for a in w.acked if w.sends[(a[1], a[2])][0] != a[3]]
    gone = [a for a in w.acked if a[3] not in w.msgs[a[0]]]
    orphans = sum(w.sends.get(key, (None,))[0] != mid for room in w.msgs for mid, key in w.msgs[room].items())
    return len(w.acked), lost, dup, gone, orphans

if __name__ == '__main__':
    runs = int(next((a for a in sys.argv[1:] if a.isdigit()), 200))
    off = {a for i, a in enumerate(sys.argv) if sys.argv[i-1] == '--without'}
    acked = bad = 0; kinds = collections.Counter()
    for seed in range(runs):
        n, lost, dup, gone, orphans = one(seed, off); acked += n; kinds.update(orphans=orphans)
        if lost or dup or gone:
            bad += 1; kinds.update(lost=len(lost), dup=len(dup), gone=len(gone))
            if bad <= 3: print('seed', seed, 'lost', lost[:2], 'dup', dup[:2], 'gone', gone[:2])
    print(f'{"without "+",".join(off) if off else "all rules"}: {runs} runs, {acked} acknowledged, {bad} bad runs, {dict(kinds)}')
