# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""What a change or a release brings in licences: two audited states, and the difference between them."""
