# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""The proof: public trees are built and tested in a clean room, and the commit that broke them is found."""
