//! What the open agent interface asks of the engine.

use motet_engine::{Counsel, Question, Shade};
use tokio::sync::oneshot;

use super::{Command, Runtime, Unavailable};

impl Runtime {
    /// Notes that bids went out lower than decided. Once this returns, whatever is told of them later comes after it.
    ///
    /// # Errors
    /// When it could not be taken: then they must go out as decided.
    pub fn shade(&self, shades: Vec<Shade>) -> Result<(), Unavailable> {
        self.line.send(Command::Shade(shades))
    }

    /// Asks the agents what they say of somebody else's auction; nothing comes of it here.
    ///
    /// # Errors
    /// When the engine cannot be asked.
    pub async fn consult(&self, question: Box<Question>) -> Result<Counsel, Unavailable> {
        let (reply, counsel) = oneshot::channel();
        self.line.send(Command::Consult { question, reply })?;
        counsel.await.map_err(|_| self.line.why_dropped())
    }
}
