//! Where a bundle is written to. After the first failure nothing reaches it any more: the archive library closes what it
//! began when it is dropped, and says on standard error if it cannot, which is not its place to say.

use std::io::{Error, ErrorKind, Seek, SeekFrom, Write};

/// Passes everything on until something fails; from then on only keeps count of where it would be.
pub(super) struct Sink<W> {
    out: W,
    at: u64,
    end: u64,
    failed: Option<ErrorKind>,
}

impl<W> Sink<W> {
    pub(super) fn new(out: W) -> Self {
        Self { out, at: 0, end: 0, failed: None }
    }

    /// What was written to, if all of it arrived.
    ///
    /// # Errors
    /// What failed first.
    pub(super) fn into_inner(self) -> Result<W, Error> {
        match self.failed {
            None => Ok(self.out),
            Some(kind) => Err(kind.into()),
        }
    }

    fn moved(&mut self, at: u64) {
        self.at = at;
        self.end = self.end.max(at);
    }

    fn told<T>(&mut self, done: Result<T, Error>) -> Result<T, Error> {
        // One that was interrupted is tried again by whoever writes.
        if let Err(error) = &done
            && error.kind() != ErrorKind::Interrupted
        {
            self.failed = Some(error.kind());
        }
        done
    }
}

impl<W: Write> Write for Sink<W> {
    fn write(&mut self, bytes: &[u8]) -> Result<usize, Error> {
        let written = match self.failed {
            Some(_) => bytes.len(),
            None => {
                let written = self.out.write(bytes);
                self.told(written)?
            }
        };
        self.moved(self.at.saturating_add(written as u64));
        Ok(written)
    }

    fn flush(&mut self) -> Result<(), Error> {
        if self.failed.is_some() {
            return Ok(());
        }
        let flushed = self.out.flush();
        self.told(flushed)
    }
}

impl<W: Seek> Seek for Sink<W> {
    fn seek(&mut self, to: SeekFrom) -> Result<u64, Error> {
        let at = match (self.failed, to) {
            (None, to) => {
                let at = self.out.seek(to);
                self.told(at)?
            }
            (Some(_), SeekFrom::Start(at)) => at,
            (Some(_), SeekFrom::Current(by)) => self.at.saturating_add_signed(by),
            (Some(_), SeekFrom::End(by)) => self.end.saturating_add_signed(by),
        };
        self.moved(at);
        Ok(at)
    }
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::*;

    /// Takes so many bytes.
    struct Full(Cursor<Vec<u8>>, usize);

    impl Write for Full {
        fn write(&mut self, bytes: &[u8]) -> Result<usize, Error> {
            let room = self.1 - self.0.get_ref().len().min(self.1);
            match bytes.len().min(room) {
                0 => Err(ErrorKind::StorageFull.into()),
                most => self.0.write(&bytes[..most]),
            }
        }

        fn flush(&mut self) -> Result<(), Error> {
            Ok(())
        }
    }

    impl Seek for Full {
        fn seek(&mut self, to: SeekFrom) -> Result<u64, Error> {
            self.0.seek(to)
        }
    }

    #[test]
    fn after_a_failure_it_takes_everything_writes_nothing_and_never_says_that_it_succeeded() {
        let mut sink = Sink::new(Full(Cursor::new(Vec::new()), 5));
        assert_eq!(sink.write_all(b"1234567").map_err(|error| error.kind()), Err(ErrorKind::StorageFull));
        assert!(sink.write_all(b"abc").is_ok() && sink.flush().is_ok());
        assert_eq!(sink.stream_position().ok(), Some(8));
        assert_eq!(sink.seek(SeekFrom::Start(2)).ok(), Some(2));
        assert!(sink.write_all(b"x").is_ok());
        assert_eq!(sink.seek(SeekFrom::End(-1)).ok(), Some(7));
        assert_eq!(sink.out.0.get_ref(), b"12345");
        assert_eq!(sink.into_inner().err().map(|error| error.kind()), Some(ErrorKind::StorageFull));
    }
}
