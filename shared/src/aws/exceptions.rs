//! The exceptions in Parameter Store: one parameter each, under one path of the stack.

use std::sync::{Mutex, MutexGuard, PoisonError};

use aws_sdk_ssm::Client;
use aws_sdk_ssm::types::ParameterType;
use jiff::Timestamp;
use serde_json::json;

use super::serve::log;
use super::{OnDemand, because};
use crate::exceptions::{Judge, Judged, Known, Plan, Step, Stored, day, id_of_parameter, path};
use crate::finding::Finding;

/// The exceptions of a stack.
#[derive(Debug)]
pub struct SsmExceptions {
    client: OnDemand<Client>,
    stack: String,
    known: Mutex<Known>,
}

impl SsmExceptions {
    #[must_use]
    pub fn new(client: OnDemand<Client>, stack: &str) -> Self {
        Self { client, stack: stack.to_owned(), known: Mutex::default() }
    }

    /// All parameters under the stack's path, in the order of their ids.
    ///
    /// # Errors
    ///
    /// Why they were not read.
    pub async fn stored(&self, now: Timestamp) -> Result<Vec<Stored>, String> {
        let mut stored = Vec::new();
        let mut pages = self.client.get_parameters_by_path().path(path(&self.stack)).into_paginator().send();
        while let Some(page) = pages.next().await {
            let page = page.map_err(|error| format!("`ssm:GetParametersByPath` failed: {}", because(&error)))?;
            for parameter in page.parameters() {
                let name = parameter.name().unwrap_or_default();
                let id = id_of_parameter(name, &self.stack).unwrap_or(name);
                stored.push(Stored::of(id, parameter.value().unwrap_or_default(), day(now)));
            }
        }
        stored.sort_by(|a, b| a.id.cmp(&b.id));
        Ok(stored)
    }

    /// Carries out a plan step by step, and says of each that it is done. What is done stays done when a later one
    /// fails.
    ///
    /// # Errors
    ///
    /// The first step that failed, and why.
    pub async fn apply(&self, plan: &Plan, mut done: impl FnMut(&Step)) -> Result<(), String> {
        for step in &plan.steps {
            let name = format!("{}/{}", path(&self.stack), step.id());
            self.carry_out(step, &name)
                .await
                .map_err(|why| format!("`{name}` was not changed: {why}; apply the file again when that is mended"))?;
            done(step);
        }
        Ok(())
    }

    async fn carry_out(&self, step: &Step, name: &str) -> Result<(), String> {
        let gone = match step {
            Step::Add(_) => false,
            // What is no exception may be of another type, which cannot be overwritten.
            Step::Change(stored, _) => stored.read.is_err(),
            Step::Remove(_) => true,
        };
        if gone {
            self.client.delete_parameter().name(name).send().await.map_err(|error| because(&error))?;
        }
        if let Step::Add(exception) | Step::Change(_, exception) = step {
            let put = self.client.put_parameter().name(name).value(exception.to_json());
            put.r#type(ParameterType::String).overwrite(true).send().await.map_err(|error| because(&error))?;
        }
        Ok(())
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        // Nothing leaves it half-changed, so a panic elsewhere has not spoilt it.
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Judge for SsmExceptions {
    async fn judge(&self, finding: Finding, now: Timestamp) -> Judged {
        let stale = self.known().is_stale(now);
        if stale {
            let answer = self.stored(now).await;
            for said in self.known().learn(answer, now) {
                log(&json!({"level": "ERROR", "stack": self.stack, "error": said}));
            }
        }
        self.known().exceptions().weigh(finding, now)
    }

    fn are_none(&self) -> bool {
        self.known().are_none()
    }
}
