//! Switches a connection to a WebSocket (RFC 6455 §4.2.2), which ends with the connection.

use tokio::io::{AsyncRead, AsyncWrite};

use super::super::web_socket::{self, Holder, Moved};
use super::connection::{Connection, Ending};
use super::output::Manner;
use crate::front::web_socket::Upgrade;

impl<I> Connection<I>
where
    I: AsyncRead + AsyncWrite + Unpin,
{
    /// Answers with a WebSocket.
    pub(super) async fn upgrade(&mut self, upgrade: Box<Upgrade>, manner: Manner) {
        let Upgrade { response, talk } = *upgrade;
        self.output.add(response, manner);
        if !self.send().await {
            return;
        }
        let input = std::mem::take(&mut self.input);
        let holder = Holder {
            client: &self.client,
            is_connection: true,
            stop: &mut self.stop,
            deadline: &mut self.deadline,
            reservation: &mut self.reservation,
        };
        let moved = Moved::default();
        self.ending = match web_socket::run((&mut self.io, input), talk, holder, &moved).await {
            web_socket::Ending::Said => Ending::WhileItSends,
            web_socket::Ending::Broken => Ending::Now,
        };
    }
}
