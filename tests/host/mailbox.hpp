// SPDX-License-Identifier: Apache-2.0
// The PF's mailbox between model servers.
#pragma once

#include "host/pf_driver.hpp"
#include "host/server.hpp"

namespace vfpool {

/// Serves the mailbox for ever: looks into it after each `every`, unless `sleeps`. Both may change meanwhile; all that
/// is given outlives the task.
inline host::Task<> mailbox_loop(host::Server& server, host::PfDriver& driver, const SimTime& every,
                                 const bool& sleeps) {
  for (;;) {
    co_await server.sleep(every);
    if (!sleeps) co_await driver.serve_mailbox();
  }
}

}  // namespace vfpool
