//! Makes a picture smaller while it is being read, row by row, so that the whole of it never stands in memory.

/// The working copy: past this, no card print could show the difference.
pub(crate) const WORKING_PIXELS: u64 = 24_000_000;

/// The whole number that both sides are divided by so that no more than `WORKING_PIXELS` are left.
pub(crate) fn divisor(width: u32, height: u32) -> u32 {
    let mut by = 1;
    while u64::from(width.div_ceil(by)) * u64::from(height.div_ceil(by)) > WORKING_PIXELS {
        by += 1;
    }
    by
}

/// Averages squares of `by` × `by` pixels. Rows are given from the top, RGB.
pub(crate) struct Reducer {
    by: usize,
    width: usize,
    sums: Vec<u32>,
    rows_in: usize,
    rgb: Vec<u8>,
}

impl Reducer {
    pub(crate) fn new(width: u32, height: u32) -> Self {
        let by = divisor(width, height);
        let (across, down) = (width.div_ceil(by) as usize, height.div_ceil(by) as usize);
        Self {
            by: by as usize,
            width: width as usize,
            sums: vec![0; across * 3],
            rows_in: 0,
            rgb: Vec::with_capacity(across * down * 3),
        }
    }

    pub(crate) fn row(&mut self, rgb: &[u8]) {
        if self.by == 1 {
            self.rgb.extend_from_slice(rgb);
            return;
        }
        for (square, sums) in rgb.chunks(self.by * 3).zip(self.sums.chunks_exact_mut(3)) {
            for pixel in square.chunks_exact(3) {
                sums[0] += u32::from(pixel[0]);
                sums[1] += u32::from(pixel[1]);
                sums[2] += u32::from(pixel[2]);
            }
        }
        self.rows_in += 1;
        if self.rows_in == self.by {
            self.flush();
        }
    }

    fn flush(&mut self) {
        let across = self.sums.len() / 3;
        for (index, sums) in self.sums.chunks_exact_mut(3).enumerate() {
            // The last square of a row may be narrower, those of the last row lower.
            let wide = if index + 1 == across { self.width - index * self.by } else { self.by };
            let count = (wide * self.rows_in).max(1) as u32;
            for sum in sums {
                self.rgb.push(((*sum + count / 2) / count) as u8);
                *sum = 0;
            }
        }
        self.rows_in = 0;
    }

    /// Size and pixels.
    pub(crate) fn finish(mut self) -> ((u32, u32), Vec<u8>) {
        if self.rows_in > 0 {
            self.flush();
        }
        let across = self.sums.len() / 3;
        let down = self.rgb.len() / (across * 3).max(1);
        ((across as u32, down as u32), self.rgb)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flat_picture_stays_flat_to_its_last_row_and_column() {
        let (width, height) = (10_001, 7_003);
        let mut reducer = Reducer::new(width, height);
        let row = [90, 120, 200].repeat(width as usize);
        for _ in 0..height {
            reducer.row(&row);
        }
        let ((w, h), rgb) = reducer.finish();
        assert!(u64::from(w) * u64::from(h) <= WORKING_PIXELS);
        assert_eq!((w, h), (width.div_ceil(2), height.div_ceil(2)));
        assert_eq!(rgb.len(), (w * h * 3) as usize);
        assert!(rgb.chunks(3).all(|p| p == [90, 120, 200]));
    }
}
