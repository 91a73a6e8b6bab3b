# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""`keima profile`: runs a graph file, or a training step of a recipe, and says where the time goes."""
