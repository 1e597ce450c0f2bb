//! Requests about several items: one command for each, in order.

use attimo_engine::{Command, Unpaced, work_of};

use super::{Call, PREFETCHED};
use crate::error::{Error, Result};
use crate::steps::COMMAND;

impl Call<'_> {
    /// Runs `commands` in order and hands each reply to `take`, which returns how many bytes it adds
    /// to the answer: at most `most` in all. Stops at the first error; what stands before it is done.
    ///
    /// The items of the next commands are prefetched together.
    ///
    /// # Errors
    ///
    /// Those of `commands`, of [`Call::run`] and of `take`, [`Error::ReplyTooLarge`], and those of
    /// [`Steps::hold`](crate::steps::Steps::hold).
    pub(crate) fn run_each<C: Command>(
        &mut self,
        commands: impl Iterator<Item = Result<C>>,
        most: usize,
        mut take: impl FnMut(C::Reply) -> Result<usize>,
    ) -> Result<()> {
        let (mut commands, mut bytes) = (commands.fuse(), 0);
        let mut next = Vec::with_capacity(PREFETCHED);
        loop {
            let end = read(&mut commands, &mut next);
            self.prefetch(&next);
            for command in next.drain(..) {
                self.steps().work(COMMAND + work_of(bytes_of(&command)));
                bytes += take(self.run(command)?)?;
                if bytes > most {
                    return Err(Error::ReplyTooLarge(most));
                }
                self.steps().hold(bytes)?;
            }
            if end? {
                return Ok(());
            }
        }
    }

    /// Has the processor read what these commands need at the same time, instead of one after the
    /// other.
    fn prefetch<C: Command>(&self, commands: &[C]) {
        if let Ok(namespace) = self.namespace() {
            self.gate.backend.prefetch(namespace, commands.iter().map(Command::key));
        }
    }

    /// Checks that the caller may do this with all of these items, before the first command runs.
    ///
    /// # Errors
    ///
    /// Those of `keys`, and [`Error::Denied`].
    pub(crate) fn allow_each<'k>(
        &self,
        keys: impl Iterator<Item = Result<&'k [u8]>>,
    ) -> Result<()> {
        if !self.is_limited() {
            return Ok(());
        }
        for key in keys {
            self.steps().work(COMMAND);
            self.allow(key?)?;
        }
        Ok(())
    }
}

fn bytes_of(command: &impl Command) -> usize {
    usize::try_from(command.received(&Unpaced).bytes).unwrap_or(usize::MAX)
}

/// Reads the next commands into `next`; whether these are the last.
fn read<C>(commands: &mut impl Iterator<Item = Result<C>>, next: &mut Vec<C>) -> Result<bool> {
    while next.len() < PREFETCHED {
        match commands.next() {
            Some(command) => next.push(command?),
            None => return Ok(true),
        }
    }
    Ok(false)
}
