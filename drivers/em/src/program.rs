//! The steps in which a chip is written, each with what proves it. A program may be stopped before and after any step
//! and run again from its start: every write says the whole of a block.

use std::ops::Range;

use lanyard_device::{Chip, LfReader};
use lanyard_secret::Secret;

use crate::EmError;

/// A step.
pub enum Act {
    /// Write a block.
    Write {
        /// Block or word.
        address: u8,
        /// Its bytes.
        value: Secret<4>,
        /// The password that the chip wants at this step.
        password: Option<Secret<4>>,
    },
    /// Read a block, which must hold this.
    Check {
        /// Block or word.
        address: u8,
        /// Its bytes.
        value: Secret<4>,
        /// The password that the chip wants at this step.
        password: Option<Secret<4>>,
    },
    /// Show the chip a password, which it must take.
    Login {
        /// The password.
        password: Secret<4>,
    },
    /// Switch the field off, so that the chip starts with its new configuration.
    FieldOff,
}

/// What a chip wants of whoever reads and writes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sight {
    /// No password.
    Open,
    /// This password, by its place among those that were asked.
    Password(usize),
    /// Neither: another chip, another password, or none there.
    Foreign,
}

/// The steps that write one chip.
pub struct Program {
    chip: Chip,
    acts: Vec<Act>,
}

impl Program {
    pub(crate) fn new(chip: Chip) -> Self {
        Self { chip, acts: Vec::new() }
    }

    /// The chip.
    #[must_use]
    pub fn chip(&self) -> Chip {
        self.chip
    }

    /// The steps, in their order.
    #[must_use]
    pub fn acts(&self) -> &[Act] {
        &self.acts
    }

    /// Which steps there are, by number: what a journal notes ahead of each.
    #[must_use]
    pub fn steps(&self) -> Range<usize> {
        0..self.acts.len()
    }

    /// Carries out one step; beyond the last there is nothing to do.
    ///
    /// # Errors
    /// [`EmError::Differs`], [`EmError::Unread`] and [`EmError::Login`] where a step is not proven, and the reader's.
    pub fn step(&self, number: usize, reader: &mut dyn LfReader) -> Result<(), EmError> {
        let chip = self.chip;
        match self.acts.get(number) {
            None => {}
            Some(Act::Write { address, value, password }) => {
                reader.write(chip, *address, value, password.as_ref())?;
            }
            Some(Act::Check { address, value, password }) => {
                let address = *address;
                let held = reader.read(chip, address, password.as_ref())?;
                if !held.ok_or(EmError::Unread { chip, address })?.same(value) {
                    return Err(EmError::Differs { chip, address });
                }
            }
            Some(Act::Login { password }) => {
                let taken = reader.login(chip, password)?;
                if !taken {
                    return Err(EmError::Login { chip });
                }
            }
            Some(Act::FieldOff) => reader.field_off()?,
        }
        Ok(())
    }

    /// Carries out all of them.
    ///
    /// # Errors
    /// As [`Program::step`].
    pub fn run(&self, reader: &mut dyn LfReader) -> Result<(), EmError> {
        self.steps().try_for_each(|number| self.step(number, reader))
    }

    /// Writes a block and reads it back.
    pub(crate) fn write(&mut self, address: u8, value: &Secret<4>, password: Option<&Secret<4>>) {
        let password = || password.map(Secret::duplicate);
        self.acts.push(Act::Write { address, value: value.duplicate(), password: password() });
        self.acts.push(Act::Check { address, value: value.duplicate(), password: password() });
    }

    /// Writes a block that can only be written.
    pub(crate) fn write_unseen(&mut self, address: u8, value: &Secret<4>) {
        self.acts.push(Act::Write { address, value: value.duplicate(), password: None });
    }

    /// Writes the configuration, starts the chip with it, and reads it back with the password that it then wants.
    pub(crate) fn configure(
        &mut self,
        address: u8,
        value: &Secret<4>,
        present: Option<&Secret<4>>,
        wished: Option<&Secret<4>>,
    ) {
        self.acts.push(Act::Write { address, value: value.duplicate(), password: present.map(Secret::duplicate) });
        self.acts.push(Act::FieldOff);
        self.acts.push(Act::Check { address, value: value.duplicate(), password: wished.map(Secret::duplicate) });
    }

    pub(crate) fn check(&mut self, address: u8, value: &Secret<4>) {
        self.acts.push(Act::Check { address, value: value.duplicate(), password: None });
    }

    pub(crate) fn login(&mut self, password: &Secret<4>) {
        self.acts.push(Act::Login { password: password.duplicate() });
    }

    pub(crate) fn field_off(&mut self) {
        self.acts.push(Act::FieldOff);
    }
}
