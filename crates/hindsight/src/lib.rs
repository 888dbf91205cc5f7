//! The best that could have been done, known only afterwards: budgeted optima and their bounds; pure.
