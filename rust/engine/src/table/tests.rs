use std::collections::BTreeSet;

use super::*;

/// Hashes of which many share a line or a tag.
fn hash(i: u32) -> u32 {
    i % 7 * 0x2000_0000 + i
}

/// Hashes that are spread evenly.
fn spread(i: u32) -> u32 {
    i.wrapping_mul(0x9e37_79b9)
}

fn grown(items: u32, hash: fn(u32) -> u32) -> Table {
    let mut table = Table::default();
    (0..items).for_each(|i| table.insert(hash(i), i, hash));
    table
}

/// Everything in the table, by ranges of so many lines.
fn listed(table: &Table, lines: usize, hash: fn(u32) -> u32) -> Vec<u32> {
    let (mut found, mut first) = (Vec::new(), 0);
    loop {
        let end = table.hash_after(first, lines);
        assert!(end.is_none_or(|end| end > first));
        let hashes = first..=end.map_or(u32::MAX, |end| end - 1);
        found.extend(table.addresses_of(&hashes).filter(|it| hashes.contains(&hash(*it))));
        let Some(end) = end else { break };
        first = end;
    }
    found.sort_unstable();
    found
}

#[test]
fn what_was_inserted_is_found_until_it_is_removed_while_the_table_grows_and_shrinks() {
    for hash in [hash, spread] {
        let mut table = Table::default();
        for i in 0..10_000 {
            assert_eq!(table.find(hash(i), |it| it == i), None);
            table.insert(hash(i), i, hash);
            assert_eq!(table.find(hash(i / 2), |it| it == i / 2), Some(i / 2));
        }
        assert!((0..10_000).all(|i| table.find(hash(i), |it| it == i) == Some(i)));
        for i in 0..10_000 {
            table.remove(hash(i), i, hash);
            table.shrink(hash);
            assert_eq!(table.find(hash(i), |it| it == i), None);
            let left = i + (10_000 - i) / 2;
            assert_eq!(table.find(hash(left), |it| it == left).is_some(), left > i);
        }
        assert_eq!(table.len, 0);
        assert!(table.lines.len() * CELLS <= SMALL);
    }
}

#[test]
fn an_address_is_replaced_where_it_is() {
    let mut table = grown(100, spread);
    table.replace(spread(7), 7, 1007);

    assert_eq!(table.find(spread(7), |it| it == 1007), Some(1007));
    assert_eq!(table.find(spread(7), |it| it == 7), None);
}

#[test]
fn ranges_of_lines_contain_the_addresses_of_all_their_hashes_also_during_a_resizing() {
    let mut seen = BTreeSet::new();
    for items in (1..3000).step_by(37) {
        let table = grown(items, spread);
        seen.insert(table.frontier == ALL);
        for lines in [1, 3, 1000] {
            assert!(listed(&table, lines, spread).into_iter().eq(0..items), "{items}, {lines}");
        }
    }
    assert_eq!(seen.len(), 2, "some of them were being resized");
    assert!(listed(&grown(1000, hash), 2, hash).into_iter().eq(0..1000));
}

#[test]
fn a_resizing_moves_a_line_at_a_time_and_ends() {
    let mut table = grown(10_000, spread);
    table.go_on(usize::MAX, spread);
    let mut next = 10_000;
    while table.frontier == ALL {
        table.insert(spread(next), next, spread);
        next += 1;
    }
    let lines = table.old.len();
    assert_eq!(table.moved, 1);
    for i in next.. {
        if table.frontier == ALL {
            assert_eq!(i - next, u32::try_from(lines).unwrap() - 1);
            break;
        }
        table.insert(spread(i), i, spread);
    }
    assert_eq!(table.old.len(), 0);
}

#[test]
fn addresses_that_found_no_room_in_the_last_line_are_in_the_first_ones() {
    let (mut table, hash) = (Table::default(), |i| u32::MAX - i);
    let items = 0..3 * u32::try_from(CELLS).unwrap();
    items.clone().for_each(|i| table.insert(hash(i), i, hash));
    table.go_on(usize::MAX, hash);

    let hashes = hash(items.end)..=u32::MAX;

    let lines: Vec<_> = table.lines.lines_of(&hashes).collect();
    assert_eq!(lines[..2], [table.lines.len() - 1, 0]);
    assert!(listed(&table, 1, hash).into_iter().eq(items));
}

#[test]
fn an_empty_table_has_nothing() {
    let table = Table::default();

    assert_eq!(table.find(7, |_| true), None);
    assert_eq!(table.addresses_of(&(0..=u32::MAX)).count(), 0);
    assert_eq!(table.hash_after(0, 1), None);
}

#[test]
fn addresses_that_passed_many_full_lines_are_found_while_the_table_grows() {
    let hash = |i: u32| match i {
        0..1000 => 0,
        1000..1030 => u32::MAX,
        _ => spread(i),
    };
    let mut table = Table::default();
    for i in 0..20_000 {
        table.insert(hash(i), i, hash);
        if i % 10 == 0 {
            let all = (0..1030.min(i)).step_by(3);
            assert!(all.into_iter().all(|j| table.find(hash(j), |it| it == j) == Some(j)), "{i}");
        }
    }
}

#[test]
fn a_table_that_became_much_smaller_grows_again_with_few_lines_moved_by_each_insert() {
    for left in [1, 10, 100, 1000] {
        let mut table = grown(50_000, spread);
        (left..50_000).for_each(|i| table.remove(spread(i), i, spread));
        table.go_on(usize::MAX, spread);
        table.shrink(spread);
        assert_ne!(table.frontier, ALL);

        for i in left..20_000 {
            let (lines, moved) = (table.old.len(), table.moved);
            table.insert(spread(i), i, spread);
            let is_same = table.old.len() == lines;
            let now = if is_same { table.moved } else { lines + table.moved };
            assert!(now - moved <= 6, "{left}: {i} moved {} lines", now - moved);
        }
        assert!(listed(&table, 3, spread).into_iter().eq(0..20_000));
    }
}
