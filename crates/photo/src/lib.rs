//! A portrait: read, turned, face found, framed, judged.
