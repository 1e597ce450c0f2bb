//! Commands on collections, which this store refuses so far.

use attimo_engine::Command;
use attimo_engine::commands::{collection, dictionary, leaderboard, list, set, sorted_set};

use super::Remote;

impl<C> Remote for collection::Length<'_, C> where Self: Command {}
impl<C> Remote for collection::Delete<'_, C> where Self: Command {}
impl<C, I> Remote for collection::RemoveMembers<'_, C, I> where Self: Command {}

impl<I, F> Remote for dictionary::Get<'_, I, F> where Self: Command {}
impl<I> Remote for dictionary::Set<'_, I> where Self: Command {}
impl Remote for dictionary::Fetch<'_> {}
impl Remote for dictionary::Increment<'_> {}

impl<I> Remote for set::Union<'_, I> where Self: Command {}
impl<I> Remote for set::DifferenceFrom<'_, I> where Self: Command {}
impl<I, F> Remote for set::Contains<'_, I, F> where Self: Command {}
impl Remote for set::Fetch<'_> {}
impl Remote for set::Sample<'_> {}
impl Remote for set::Pop<'_> {}

impl<I> Remote for list::Push<'_, I> where Self: Command {}
impl<I> Remote for list::Erase<'_, I> where Self: Command {}
impl Remote for list::Pop<'_> {}
impl Remote for list::Fetch<'_> {}
impl Remote for list::Retain<'_> {}
impl Remote for list::RemoveValue<'_> {}

impl<I> Remote for sorted_set::Put<'_, I> where Self: Command {}
impl<I, F> Remote for sorted_set::GetScore<'_, I, F> where Self: Command {}
impl Remote for sorted_set::Increment<'_> {}
impl Remote for sorted_set::GetRank<'_> {}
impl Remote for sorted_set::LengthByScore<'_> {}
impl Remote for sorted_set::FetchByIndex<'_> {}
impl Remote for sorted_set::FetchByScore<'_> {}
impl Remote for sorted_set::Store<'_> {}

impl<I> Remote for leaderboard::Upsert<'_, I> where Self: Command {}
impl<I, F> Remote for leaderboard::GetRank<'_, I, F> where Self: Command {}
impl<I, F> Remote for leaderboard::GetCompetitionRank<'_, I, F> where Self: Command {}
impl Remote for leaderboard::GetByRank<'_> {}
impl Remote for leaderboard::GetByScore<'_> {}
