//! How variables are written to the store: each value with the name of its type, so that bytes come back as bytes.

use std::collections::BTreeMap;

use lanyard_model::Value;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Typed {
    Null,
    Bool(bool),
    Int(i64),
    Text(String),
    Bytes(#[serde(with = "hex::serde")] Vec<u8>),
    Array(Vec<Typed>),
    Map(BTreeMap<String, Typed>),
}

impl From<&Value> for Typed {
    fn from(value: &Value) -> Self {
        match value {
            Value::Null => Self::Null,
            Value::Bool(yes) => Self::Bool(*yes),
            Value::Int(int) => Self::Int(*int),
            Value::Text(text) => Self::Text(text.clone()),
            Value::Bytes(bytes) => Self::Bytes(bytes.clone()),
            Value::Array(items) => Self::Array(items.iter().map(Self::from).collect()),
            Value::Map(map) => Self::Map(map.iter().map(|(key, value)| (key.clone(), Self::from(value))).collect()),
        }
    }
}

impl From<Typed> for Value {
    fn from(typed: Typed) -> Self {
        match typed {
            Typed::Null => Self::Null,
            Typed::Bool(yes) => Self::Bool(yes),
            Typed::Int(int) => Self::Int(int),
            Typed::Text(text) => Self::Text(text),
            Typed::Bytes(bytes) => Self::Bytes(bytes),
            Typed::Array(items) => Self::Array(items.into_iter().map(Self::from).collect()),
            Typed::Map(map) => Self::Map(map.into_iter().map(|(key, typed)| (key, typed.into())).collect()),
        }
    }
}

pub(crate) fn serialize<S: Serializer>(variables: &BTreeMap<String, Value>, out: S) -> Result<S::Ok, S::Error> {
    out.collect_map(variables.iter().map(|(name, value)| (name, Typed::from(value))))
}

pub(crate) fn deserialize<'de, D: Deserializer<'de>>(input: D) -> Result<BTreeMap<String, Value>, D::Error> {
    let typed = BTreeMap::<String, Typed>::deserialize(input)?;
    Ok(typed.into_iter().map(|(name, typed)| (name, typed.into())).collect())
}

/// Takes over what a step came to: maps are merged, everything else is replaced.
pub(crate) fn merge(into: &mut BTreeMap<String, Value>, outcome: BTreeMap<String, Value>) {
    for (name, value) in outcome {
        match (into.get_mut(&name), value) {
            (Some(Value::Map(old)), Value::Map(new)) => merge(old, new),
            (_, value) => {
                into.insert(name, value);
            }
        }
    }
}
