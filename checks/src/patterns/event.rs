//! The event patterns of EventBridge: objects are and, lists are or, `$or` joins objects.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use serde_json::{Map, Value};

use super::expr::{Expr, Is, Order, Path, Test};
use super::language::{Part, Texts};
use super::{MAX_BYTES, MAX_DEPTH, MAX_TESTS, PatternError};

/// Reads an event pattern.
///
/// # Errors
///
/// What EventBridge would refuse, and what is too large.
pub fn parse(text: &str) -> Result<Expr, PatternError> {
    if text.len() > MAX_BYTES {
        return Err(PatternError::TooLarge(text.len()));
    }
    let value = serde_json::from_str(text).map_err(|it| PatternError::Json(it.to_string()))?;
    let Value::Object(object) = value else {
        return Err(PatternError::Event("not an object".to_owned()));
    };
    let mut tests = 0;
    fields(&object, &Path::root(), &mut tests)
}

fn fields(
    object: &Map<String, Value>,
    path: &Path,
    tests: &mut usize,
) -> Result<Expr, PatternError> {
    if path.depth() > MAX_DEPTH {
        return Err(PatternError::TooDeep);
    }
    if object.is_empty() {
        return Err(PatternError::Event(format!("{path}: an empty object")));
    }
    let mut all = Vec::new();
    for (key, value) in object {
        if key == "$or"
            && let Value::Array(list) = value
            && list.iter().all(Value::is_object)
        {
            all.push(any_of(list, path, tests)?);
            continue;
        }
        if key.is_empty() || key.contains(char::is_control) {
            return Err(PatternError::Event(format!("{path}: the key {key:?}")));
        }
        let path = path.key(key);
        all.push(match value {
            Value::Object(inner) => fields(inner, &path, tests)?,
            Value::Array(list) if !list.is_empty() => {
                *tests += list.len();
                if *tests > MAX_TESTS {
                    return Err(PatternError::TooMany);
                }
                let leaves: Result<Vec<Expr>, _> = list.iter().map(|it| leaf(it, &path)).collect();
                Expr::Any(leaves?)
            }
            Value::Array(_)
            | Value::Null
            | Value::Bool(_)
            | Value::Number(_)
            | Value::String(_) => {
                return Err(PatternError::Event(format!(
                    "{path}: neither a list nor an object"
                )));
            }
        });
    }
    Ok(Expr::All(all))
}

fn any_of(list: &[Value], path: &Path, tests: &mut usize) -> Result<Expr, PatternError> {
    let mut any = Vec::new();
    for value in list {
        // Nested `$or` do not lengthen the path: count them as tests.
        *tests += 1;
        if *tests > MAX_TESTS {
            return Err(PatternError::TooMany);
        }
        if let Value::Object(inner) = value {
            any.push(fields(inner, path, tests)?);
        }
    }
    Ok(Expr::Any(any))
}

fn leaf(value: &Value, path: &Path) -> Result<Expr, PatternError> {
    let test = |is| {
        Expr::Test(Test {
            path: path.clone(),
            is,
        })
    };
    if let Some(is) = scalar(value) {
        return Ok(test(is));
    }
    let refuse = || PatternError::Event(format!("{path}: {value}"));
    let (operator, operand) = match value {
        Value::Object(map) if map.len() == 1 => map.iter().next().ok_or_else(refuse)?,
        Value::Object(_)
        | Value::Array(_)
        | Value::Null
        | Value::Bool(_)
        | Value::Number(_)
        | Value::String(_) => return Err(refuse()),
    };
    if operator == "numeric" {
        let list = operand.as_array().ok_or_else(refuse)?;
        let bounds: Option<Vec<Is>> = list.chunks(2).map(bound).collect();
        let bounds = bounds
            .filter(|it| (1..=2).contains(&it.len()))
            .ok_or_else(refuse)?;
        return Ok(Expr::All(bounds.into_iter().map(test).collect()));
    }
    let is = match (operator.as_str(), operand) {
        ("exists", Value::Bool(true)) => Some(Is::Present),
        ("exists", Value::Bool(false)) => Some(Is::Absent),
        ("cidr", Value::String(text)) => cidr(text),
        ("anything-but", operand) => anything_but(operand),
        (operator, Value::String(text)) => texts(operator, text).map(Is::Like),
        (operator, Value::Object(map)) => ignoring_case(operator, map).map(Is::Like),
        _ => None,
    };
    is.map(test).ok_or_else(refuse)
}

fn scalar(value: &Value) -> Option<Is> {
    match value {
        Value::Null => Some(Is::Null),
        Value::Bool(value) => Some(Is::Bool(*value)),
        Value::Number(number) => number.as_f64().map(|it| Is::Number(Order::Equal, it)),
        Value::String(text) => Some(Is::Like(Texts::exact(text))),
        Value::Array(_) | Value::Object(_) => None,
    }
}

fn texts(operator: &str, text: &str) -> Option<Texts> {
    match operator {
        "prefix" => Some(Texts::starting_with(text)),
        "suffix" => Some(Texts::ending_with(text)),
        "equals-ignore-case" => Texts::of(&Part::text_in_any_case(text), text).ok(),
        "wildcard" => wildcard(text),
        _ => None,
    }
}

fn ignoring_case(operator: &str, map: &Map<String, Value>) -> Option<Texts> {
    let text = map
        .get("equals-ignore-case")
        .filter(|_| map.len() == 1)?
        .as_str()?;
    let (part, every) = (Part::text_in_any_case(text), Part::anything());
    let parts = match operator {
        "prefix" => vec![part, every],
        "suffix" => vec![every, part],
        _ => return None,
    };
    Texts::of(&Part::All(parts), text).ok()
}

/// `*` is any run of characters; a backslash takes the meaning from the next character.
fn wildcard(text: &str) -> Option<Texts> {
    let mut parts = Vec::new();
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        match c {
            '*' if parts.last() == Some(&Part::anything()) => return None,
            '*' => parts.push(Part::anything()),
            '\\' => parts.push(Part::text(&chars.next()?.to_string())),
            c => parts.push(Part::text(&c.to_string())),
        }
    }
    Texts::of(&Part::All(parts), text).ok()
}

fn anything_but(operand: &Value) -> Option<Is> {
    let items = |value: &Value| match value.as_array() {
        Some(list) => list.clone(),
        None => vec![value.clone()],
    };
    let list: Option<Vec<Is>> = if let Some(map) = operand.as_object() {
        let (operator, operand) = map.iter().next().filter(|_| map.len() == 1)?;
        let like = |it: &Value| texts(operator, it.as_str()?).map(Is::Like);
        items(operand).iter().map(like).collect()
    } else {
        let plain =
            |value: &Value| scalar(value).filter(|_| value.is_string() || value.is_number());
        items(operand).iter().map(plain).collect()
    };
    list.filter(|list| !list.is_empty()).map(Is::AnythingBut)
}

fn bound(pair: &[Value]) -> Option<Is> {
    let [operator, number] = pair else {
        return None;
    };
    let order = match operator.as_str()? {
        "=" => Order::Equal,
        "<" => Order::Less,
        "<=" => Order::AtMost,
        ">" => Order::Greater,
        ">=" => Order::AtLeast,
        _ => return None,
    };
    Some(Is::Number(order, number.as_f64()?))
}

fn cidr(text: &str) -> Option<Is> {
    let (address, length) = text.split_once('/')?;
    let length: u32 = length.parse().ok()?;
    Some(match address.parse().ok()? {
        IpAddr::V4(address) => {
            let rest = u32::MAX.checked_shr(length).unwrap_or(0);
            let first = u32::from(address) & !rest;
            let (first, last) = (Ipv4Addr::from(first), Ipv4Addr::from(first | rest));
            (length <= 32).then_some(Is::Address(first.into(), last.into()))?
        }
        IpAddr::V6(address) => {
            let rest = u128::MAX.checked_shr(length).unwrap_or(0);
            let first = u128::from(address) & !rest;
            let (first, last) = (Ipv6Addr::from(first), Ipv6Addr::from(first | rest));
            (length <= 128).then_some(Is::Address(first.into(), last.into()))?
        }
    })
}
