//! The application's access to Trussed, kept apart from the application: it is made anew at each power-on, and so forgets
//! what was verified, while keys and objects stay.

use std::{cell::RefCell, rc::Rc, task::Poll};

use trussed::{serde_extensions::ExtensionId, virt};
use trussed_core::{
    ClientResult, CryptoClient, Error, FilesystemClient, FutureResult, PollClient,
    api::{Reply, RequestVariant},
    serde_extensions::{Extension, ExtensionClient},
};

use crate::dispatch::Dispatch;

/// One of several owners of the same access.
#[derive(Clone)]
pub struct Shared<'a>(Rc<RefCell<virt::Client<'a, Dispatch>>>);

impl<'a> Shared<'a> {
    pub fn new(client: virt::Client<'a, Dispatch>) -> Self {
        Self(Rc::new(RefCell::new(client)))
    }
}

impl PollClient for Shared<'_> {
    fn request<Rq: RequestVariant>(&mut self, req: Rq) -> ClientResult<'_, Rq::Reply, Self> {
        // What the inner one hands out is only a borrow of itself: the answer is polled from us instead.
        self.0.borrow_mut().request(req).map(|_| ())?;
        Ok(FutureResult::new(self))
    }

    fn poll(&mut self) -> Poll<Result<Reply, Error>> {
        self.0.borrow_mut().poll()
    }
}

impl CryptoClient for Shared<'_> {}
impl FilesystemClient for Shared<'_> {}
impl trussed_core::mechanisms::Tdes for Shared<'_> {}

impl<E: Extension> ExtensionClient<E> for Shared<'_>
where
    Dispatch: ExtensionId<E>,
{
    fn id() -> u8 {
        Dispatch::ID.into()
    }
}
