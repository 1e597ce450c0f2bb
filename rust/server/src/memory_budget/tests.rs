//! The budget, without connections.

use attimo_engine::{Config, Limits};

use super::*;

const MEMORY: u64 = 64 << 20;

fn budget() -> Arc<MemoryBudget> {
    let config =
        Config { memory_bytes: MEMORY, shards: 1, seed: [1, 2, 3, 4], limits: Limits::default() };
    MemoryBudget::new(Arc::new(Backend::new(config)), Clock::start(), MEMORY)
}

#[test]
fn a_reservation_is_returned_once() {
    let (budget, total) = (budget(), Rc::default());
    let longest = budget.bytes / 2;
    let mut first = Reservation::for_answer(&budget, &total, longest).unwrap();
    let mut second = Reservation::of(&budget, true);

    assert_eq!((total.get(), budget.held()), (longest, longest));
    assert_eq!(second.reserve(longest / 2), Ok(()));
    assert_eq!(second.reserve(longest), Err(FULL));
    first.release();
    drop(first);
    assert_eq!(total.get(), 0);
    assert_eq!(second.reserve(longest), Ok(()));
    drop(second);
    assert_eq!((budget.held(), budget.backend.reserved()), (0, 0));
}

#[test]
fn a_few_long_bodies_leave_room_for_short_ones() {
    let (budget, megabyte) = (budget(), 1 << 20);
    let mut long: Vec<_> = (0..20).map(|_| Reservation::of(&budget, true)).collect();
    let held = long.iter_mut().filter_map(|body| body.reserve(5 * megabyte).ok()).count();

    assert!((2..=4).contains(&held));
    assert_eq!(Reservation::of(&budget, true).reserve(megabyte), Ok(()));
    assert!(long.iter_mut().all(|body| body.reserve(9 * megabyte).is_err()));
}

#[test]
fn unauthenticated_clients_take_only_a_part_of_the_budget() {
    let budget = budget();
    let mut unauthenticated: Vec<_> = (0..1_000).map(|_| Reservation::of(&budget, false)).collect();
    let held = unauthenticated.iter_mut().filter_map(|body| body.reserve(64 << 10).ok()).count();

    assert!(held > 10 && budget.held() <= budget.bytes / UNAUTHENTICATED_SHARE);
    assert_eq!(Reservation::of(&budget, true).reserve(5 << 20), Ok(()));
}

#[test]
fn items_get_the_memory_that_connections_and_bodies_do_not_take() {
    let budget = budget();
    let connection = Connected::new(&budget, true);
    let mut body = Reservation::of(&budget, true);
    body.reserve(1 << 20).unwrap();

    assert_eq!(budget.backend.allowance(), MEMORY - TLS_CONNECTION_BYTES - (1 << 20));
    assert_eq!(budget.of_connections(), TLS_CONNECTION_BYTES);
    drop((connection, body));
    assert_eq!(budget.backend.allowance(), MEMORY);
}

#[test]
fn unauthenticated_clients_lose_reservations_first_then_the_longest_idle() {
    let (budget, waker, long) = (budget(), Waker::noop(), 4 << 20);
    let mut unauthenticated = Reservation::of(&budget, false);
    unauthenticated.reserve(64 << 10).unwrap();
    let mut known: Vec<_> = (0..3).map(|_| Reservation::of(&budget, true)).collect();
    for body in &mut known {
        body.reserve(long).unwrap();
    }
    let now = 10_000;
    let mut idle = |at: usize, since| known[at].rest(since, now, waker);

    assert_eq!(idle(0, now - 1), Rest::Until(now - 1 + IDLE_AFTER));
    assert_eq!([idle(1, now - IDLE_AFTER), idle(2, now - 2 * IDLE_AFTER)], [Rest::Offered; 2]);
    assert_eq!(unauthenticated.rest(now - IDLE_AFTER, now, waker), Rest::Offered);
    assert_eq!(Reservation::of(&budget, true).reserve(2 * long), Ok(()));
    let mut again = |at: usize| known[at].rest(0, now, waker);
    assert_eq!([again(2), again(1)], [Rest::Lost, Rest::Offered]);
    assert_eq!(unauthenticated.rest(0, now, waker), Rest::Lost);
    assert!(!unauthenticated.keep() && known[1].keep());
    drop((unauthenticated, known));
    assert_eq!((budget.held(), budget.unauthenticated.load(Ordering::Relaxed)), (0, 0));
}

#[test]
fn unauthenticated_clients_take_nothing_from_authenticated_ones_and_nothing_is_taken_in_vain() {
    let (budget, waker) = (budget(), Waker::noop());
    let mut bodies: Vec<_> = (0..1_000).map(|_| Reservation::of(&budget, true)).collect();
    let mut held: Vec<_> = bodies
        .iter_mut()
        .filter_map(|body| body.reserve(1 << 20).is_ok().then_some(body))
        .collect();
    for body in &mut held {
        assert_eq!(body.rest(0, IDLE_AFTER, waker), Rest::Offered);
    }

    assert_eq!(Reservation::of(&budget, false).reserve(2 << 20), Err(FULL));
    assert_eq!(Reservation::of(&budget, true).reserve(budget.bytes), Err(FULL));
    assert!(held.iter_mut().all(|body| body.keep()));
}
