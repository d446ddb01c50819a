//! Turns at a scarce worker, fair between addresses: every address with a waiting caller gets the next turn in rotation,
//! however many callers another address has.

use std::collections::VecDeque;
use std::net::IpAddr;
use std::sync::Arc;

use parking_lot::Mutex;
use tokio::sync::oneshot;

/// Hands out turns. Cheap to clone.
#[derive(Clone, Debug)]
pub(super) struct Turns(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    waiting: Mutex<Waiting>,
    waiting_max: usize,
    waiting_per_address_max: usize,
}

#[derive(Debug)]
struct Waiting {
    /// Turns that are free.
    free: usize,
    /// One queue per address with a waiting caller; the first gets the next turn.
    queues: VecDeque<(IpAddr, VecDeque<oneshot::Sender<Turn>>)>,
    count: usize,
}

/// A turn, which ends when this is dropped.
#[derive(Debug)]
pub(super) struct Turn {
    /// `None` for a turn that was handed on.
    shared: Option<Arc<Shared>>,
}

/// Too many callers wait, in total or of one address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Busy;

impl Turns {
    /// `workers` turns at the same time.
    pub(super) fn new(workers: usize, waiting_max: usize, waiting_per_address_max: usize) -> Self {
        let waiting = Mutex::new(Waiting { free: workers, queues: VecDeque::new(), count: 0 });
        Self(Arc::new(Shared { waiting, waiting_max, waiting_per_address_max }))
    }

    /// Waits for a turn. Dropping the future gives up the place.
    pub(super) async fn next(&self, address: IpAddr) -> Result<Turn, Busy> {
        let (given, turn) = oneshot::channel();
        {
            let mut waiting = self.0.waiting.lock();
            if waiting.free > 0 {
                waiting.free -= 1;
                return Ok(Turn { shared: Some(self.0.clone()) });
            }
            waiting.forget_gone();
            if waiting.count >= self.0.waiting_max || waiting.count_of(address) >= self.0.waiting_per_address_max {
                return Err(Busy);
            }
            waiting.push(address, given);
        }
        turn.await.map_err(|_| Busy)
    }
}

impl Waiting {
    fn count_of(&self, address: IpAddr) -> usize {
        self.queues.iter().find(|(of, _)| *of == address).map_or(0, |(_, queue)| queue.len())
    }

    fn push(&mut self, address: IpAddr, caller: oneshot::Sender<Turn>) {
        self.count += 1;
        match self.queues.iter_mut().find(|(of, _)| *of == address) {
            Some((_, queue)) => queue.push_back(caller),
            None => self.queues.push_back((address, VecDeque::from([caller]))),
        }
    }

    fn pop(&mut self) -> Option<oneshot::Sender<Turn>> {
        let (address, mut queue) = self.queues.pop_front()?;
        let caller = queue.pop_front();
        self.count -= usize::from(caller.is_some());
        if !queue.is_empty() {
            self.queues.push_back((address, queue));
        }
        caller
    }

    /// Removes callers that gave up.
    fn forget_gone(&mut self) {
        for (_, queue) in &mut self.queues {
            queue.retain(|caller| !caller.is_closed());
        }
        self.queues.retain(|(_, queue)| !queue.is_empty());
        self.count = self.queues.iter().map(|(_, queue)| queue.len()).sum();
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        let Some(shared) = self.shared.take() else { return };
        loop {
            let caller = {
                let mut waiting = shared.waiting.lock();
                let Some(caller) = waiting.pop() else {
                    waiting.free += 1;
                    return;
                };
                caller
            };
            // Outside of the lock: a turn that is not taken must not be dropped within it.
            match caller.send(Turn { shared: Some(shared.clone()) }) {
                Ok(()) => return,
                Err(mut refused) => drop(refused.shared.take()),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use futures_util::StreamExt as _;
    use futures_util::stream::FuturesUnordered;

    use super::*;

    fn address(last: u8) -> IpAddr {
        Ipv4Addr::new(192, 0, 2, last).into()
    }

    #[tokio::test]
    async fn turns_rotate_between_addresses() {
        let turns = Turns::new(1, 100, 100);
        let first = turns.next(address(1)).await.unwrap();
        let mut callers = FuturesUnordered::new();
        for (caller, last) in [(1, 1), (2, 1), (3, 1), (4, 2), (5, 3), (6, 2)] {
            let turns = turns.clone();
            callers.push(async move { (caller, turns.next(address(last)).await.unwrap()) });
        }
        assert!(futures_util::poll!(callers.next()).is_pending(), "all of them wait");
        drop(first);
        let mut order = Vec::new();
        while let Some((caller, _turn)) = callers.next().await {
            order.push(caller);
        }
        assert_eq!(order, [1, 4, 5, 2, 6, 3]);
    }

    #[tokio::test]
    async fn callers_beyond_a_limit_are_refused() {
        let turns = Turns::new(1, 3, 2);
        let held = turns.next(address(1)).await.unwrap();
        let mut callers = FuturesUnordered::new();
        for last in [1, 1, 2] {
            callers.push(turns.next(address(last)));
        }
        assert!(futures_util::poll!(callers.next()).is_pending());
        assert_eq!(turns.next(address(1)).await.err(), Some(Busy), "two of one address wait");
        assert_eq!(turns.next(address(3)).await.err(), Some(Busy), "three wait");
        drop(held);
        assert_eq!(callers.map(|turn| turn.is_ok()).collect::<Vec<_>>().await, [true; 3]);
        turns.next(address(3)).await.unwrap();
    }

    #[tokio::test]
    async fn callers_that_give_up_take_no_turn() {
        let turns = Turns::new(1, 2, 2);
        let held = turns.next(address(1)).await.unwrap();
        {
            let gone = [turns.next(address(1)), turns.next(address(2))];
            let mut gone: FuturesUnordered<_> = gone.into_iter().collect();
            assert!(futures_util::poll!(gone.next()).is_pending());
        }
        let mut next = std::pin::pin!(turns.next(address(3)));
        assert!(futures_util::poll!(next.as_mut()).is_pending());
        drop(held);
        next.await.unwrap();
        turns.next(address(1)).await.unwrap();
    }
}
