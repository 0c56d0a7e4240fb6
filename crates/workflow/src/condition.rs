//! Conditions on sequence flows: a small part of CEL (the Common Expression Language, cel.dev).
//!
//! Allowed: variables and their fields (`badge.chip_key`), text, whole numbers, `true`, `false`, `null`, lists of
//! these; `==` `!=` `<` `<=` `>` `>=` `in`, `&&` `||` `!`, `? :`, `has(a.b)`, and `size(x)`. The result is true or
//! false. No arithmetic, no macros that walk lists, no other functions: every condition ends, at once.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use cel::common::ast::{Expr, LiteralValue, operators as op};
use cel::objects::{Key, Map};
use cel::{Context, IdedExpr, Program, Value as Cel};
use lanyard_model::Value;

/// The longest condition, in bytes. Also bounds how deep the parser can be led.
const LIMIT: usize = 500;

/// A compiled condition.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Condition(IdedExpr);

impl Condition {
    /// Compiles and checks; the error is for the person who wrote it.
    pub(crate) fn compile(text: &str) -> Result<Self, String> {
        if text.len() > LIMIT {
            return Err(format!("longer than {LIMIT} bytes"));
        }
        let depth = text.bytes().filter(|b| matches!(b, b'(' | b'[' | b'{' | b'!' | b'-' | b'?')).count();
        if depth > 50 {
            return Err("nested too deeply".to_owned());
        }
        let program = Program::compile(text).map_err(|errors| {
            errors.errors.first().map_or_else(|| "does not parse".to_owned(), |first| first.msg.clone())
        })?;
        check(program.expression())?;
        Ok(Self(program.expression().clone()))
    }

    /// True or false, or why it cannot be told.
    pub(crate) fn holds(&self, variables: &BTreeMap<String, Value>) -> Result<bool, String> {
        let mut context = Context::default();
        for (name, value) in variables {
            context.add_variable_from_value(name.as_str(), to_cel(value));
        }
        match Cel::resolve(&self.0, &context) {
            Ok(Cel::Bool(yes)) => Ok(yes),
            // The values of variables may be personal: only types and names go into the reason.
            Ok(other) => Err(format!("gives {:?}, not true or false", other.type_of())),
            Err(cel::ExecutionError::NoSuchKey(name) | cel::ExecutionError::UndeclaredReference(name)) => {
                Err(format!("{name} is not known"))
            }
            Err(_) => Err("types do not fit".to_owned()),
        }
    }
}

fn check(expression: &IdedExpr) -> Result<(), String> {
    match &expression.expr {
        Expr::Ident(_) => Ok(()),
        Expr::Literal(
            LiteralValue::Boolean(_) | LiteralValue::Int(_) | LiteralValue::Null | LiteralValue::String(_),
        ) => Ok(()),
        Expr::Literal(_) => Err("only text, whole numbers, true, false and null are allowed".to_owned()),
        Expr::Select(select) => check(&select.operand),
        Expr::List(list) => list.elements.iter().try_for_each(check),
        Expr::Call(call) => {
            let known = matches!(
                call.func_name.as_str(),
                op::CONDITIONAL
                    | op::LOGICAL_AND
                    | op::LOGICAL_OR
                    | op::LOGICAL_NOT
                    | op::EQUALS
                    | op::NOT_EQUALS
                    | op::GREATER_EQUALS
                    | op::LESS_EQUALS
                    | op::GREATER
                    | op::LESS
                    | op::IN
                    | "size"
            );
            if !known {
                return Err(format!("{} is not allowed", call.func_name.trim_matches(['_', '@'])));
            }
            call.target.iter().map(|target| &**target).chain(&call.args).try_for_each(check)
        }
        Expr::Comprehension(_) => Err("walking a list is not allowed".to_owned()),
        Expr::Map(_) | Expr::Struct(_) => Err("maps are not allowed".to_owned()),
        Expr::Unspecified => Err("empty".to_owned()),
    }
}

fn to_cel(value: &Value) -> Cel {
    match value {
        Value::Null => Cel::Null,
        Value::Bool(yes) => Cel::Bool(*yes),
        Value::Int(int) => Cel::Int(*int),
        Value::Text(text) => Cel::String(Arc::new(text.clone())),
        Value::Bytes(bytes) => Cel::Bytes(Arc::new(bytes.clone())),
        Value::Array(items) => Cel::List(Arc::new(items.iter().map(to_cel).collect())),
        Value::Map(map) => {
            let map: HashMap<Key, Cel> =
                map.iter().map(|(key, value)| (Key::String(Arc::new(key.clone())), to_cel(value))).collect();
            Cel::Map(Map { map: Arc::new(map) })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn holds(text: &str, chip_key: Value) -> Result<bool, String> {
        let badge = Value::Map(BTreeMap::from([("chip_key".to_owned(), chip_key)]));
        Condition::compile(text).and_then(|c| c.holds(&BTreeMap::from([("badge".to_owned(), badge)])))
    }

    #[test]
    fn a_condition_is_told_from_the_variables() {
        assert_eq!(holds("badge.chip_key", Value::Bool(true)), Ok(true));
        assert_eq!(holds("!badge.chip_key || badge.chip_key == 'x'", Value::Bool(true)), Ok(false));
        assert_eq!(holds("badge.chip_key in ['a', 'b']", "b".into()), Ok(true));
        assert_eq!(holds("has(badge.other)", Value::Null), Ok(false));
        assert_eq!(holds("size(badge.chip_key) > 2 ? true : false", "abc".into()), Ok(true));
    }

    #[test]
    fn a_condition_that_cannot_be_told_is_never_taken_for_false() {
        assert!(holds("badge.other", Value::Null).is_err());
        assert!(holds("badgge.chip_key", Value::Bool(true)).is_err());
        assert!(holds("badge.chip_key", "yes".into()).is_err());
        assert!(holds("badge.chip_key > 3", "yes".into()).is_err());
    }

    #[test]
    fn why_a_condition_cannot_be_told_shows_no_value() {
        for text in ["badge.chip_key", "badge.chip_key > 3", "badge.chip_key.x.y"] {
            assert!(!holds(text, "Ada Lovelace".into()).unwrap_err().contains("Ada"), "{text}");
        }
    }

    #[test]
    fn what_could_run_long_or_reach_elsewhere_does_not_compile() {
        for text in [
            "[1,2].all(x, x > 1)",
            "'a' + 'b' == 'ab'",
            "matches('a', 'b')",
            "{'a': 1}.a == 1",
            "duration('1s') == null",
            "1.5 > 1.0",
            "",
            "a ==",
            "a b",
            "\"",
            "${badge}",
            &"(".repeat(400),
            &"x".repeat(501),
        ] {
            assert!(Condition::compile(text).is_err(), "{text}");
        }
    }
}
