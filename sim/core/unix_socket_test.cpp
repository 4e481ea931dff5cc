// SPDX-License-Identifier: Apache-2.0
#include "core/unix_socket.hpp"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <fstream>
#include <system_error>
#include <thread>

namespace vfpool {
namespace {

class UnixSocket : public testing::Test {
 protected:
  UnixSocket() { std::filesystem::create_directories(deep); }
  ~UnixSocket() override { std::filesystem::remove_all(root); }
  std::filesystem::path root = testing::TempDir() + "unix_socket." + std::to_string(::getpid());
  std::filesystem::path deep = root / std::string(120, 'a') / std::string(120, 'b');
};

TEST_F(UnixSocket, WorksInAFolderWhosePathIsLongerThanAnAddress) {
  const Fd listener = listen_unix(deep / "s");
  EXPECT_TRUE(std::filesystem::is_socket(deep / "s"));
  EXPECT_TRUE(connect_unix(deep / "s"));
}

TEST_F(UnixSocket, IsForItsOwnerOnlyAndReplacesAStaleOne) {
  {
    const Fd old = listen_unix(deep / "s");
  }
  EXPECT_FALSE(connect_unix(deep / "s"));
  const Fd listener = listen_unix(deep / "s");
  struct stat st{};
  ASSERT_EQ(::stat((deep / "s").c_str(), &st), 0);
  EXPECT_EQ(st.st_mode & 0777, 0600u);
}

TEST_F(UnixSocket, OneThatIsInUseStaysWithItsOwner) {
  for (const int type : {SOCK_STREAM, SOCK_SEQPACKET}) {
    const Fd first = listen_unix(deep / "s", SOCK_NONBLOCK, type);
    EXPECT_THROW(listen_unix(deep / "s"), std::system_error) << type;
    EXPECT_THROW(listen_unix(deep / "s", 0, SOCK_SEQPACKET), std::system_error) << type;
    EXPECT_TRUE(std::filesystem::is_socket(deep / "s"));
  }
  EXPECT_NO_THROW(listen_unix(deep / "s")) << "its owner has gone";
}

TEST_F(UnixSocket, AFileOfThatNameStaysWhatItIs) {
  std::ofstream(deep / "notes") << "mine";
  std::filesystem::create_directory(deep / "folder");
  std::filesystem::create_symlink("notes", deep / "link");
  for (const char* name : {"notes", "folder", "link"}) {
    try {
      listen_unix(deep / name);
      ADD_FAILURE() << name;
    } catch (const std::system_error& e) {
      EXPECT_NE(std::string(e.what()).find("no socket"), std::string::npos) << e.what();
    }
  }
  EXPECT_EQ(std::filesystem::file_size(deep / "notes"), 4U);
  EXPECT_TRUE(std::filesystem::is_directory(deep / "folder"));
}

TEST_F(UnixSocket, NobodyThereIsNothingAndAnImpossibleNameAnError) {
  EXPECT_FALSE(connect_unix(deep / "none"));
  EXPECT_FALSE(connect_unix(root / "no-folder" / "s"));
  EXPECT_THROW(listen_unix(root / "no-folder" / "s"), std::system_error);
  EXPECT_THROW(listen_unix(root / std::string(108, 'n')), std::system_error);
}

TEST_F(UnixSocket, LinesComeWholeHoweverTheyAreCut) {
  int ends[2];
  ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
  const Fd reader(ends[0]);
  Fd writer(ends[1]);
  std::thread sender([&] {
    for (const char* piece : {"fir", "st\nsecond\nth", "ird\n", "without end"}) {
      EXPECT_TRUE(send_all(writer.get(), piece));
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
    writer.reset();
  });
  std::string rest;
  EXPECT_EQ(read_line(reader.get(), rest, 100), "first");
  EXPECT_EQ(read_line(reader.get(), rest, 100), "second");
  EXPECT_EQ(read_line(reader.get(), rest, 100), "third");
  EXPECT_EQ(read_line(reader.get(), rest, 100), std::nullopt);
  sender.join();
}

TEST_F(UnixSocket, ALineThatIsTooLongIsNotReadToItsEnd) {
  int ends[2];
  ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
  const Fd reader(ends[0]);
  const Fd writer(ends[1]);
  ASSERT_TRUE(send_all(writer.get(), std::string(1000, 'x')));
  std::string rest;
  EXPECT_EQ(read_line(reader.get(), rest, 100), std::nullopt);
}

TEST_F(UnixSocket, SendingToWhoeverHasGoneIsToldNotASignal) {
  int ends[2];
  ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
  Fd gone(ends[0]);
  const Fd writer(ends[1]);
  gone.reset();
  EXPECT_FALSE(send_all(writer.get(), "x"));
}

}  // namespace
}  // namespace vfpool
