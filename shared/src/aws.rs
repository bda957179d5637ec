//! How the line reaches AWS.
