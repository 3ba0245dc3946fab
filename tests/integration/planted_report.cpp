// A program with the mistake that the sanitizer of its build is there for; it goes on as long as it is let.
#include <memory>
#include <thread>

int main() {
#ifdef __SANITIZE_THREAD__
  int shared = 0;
  std::thread other([&shared] { ++shared; });
  ++shared;
  other.join();
#else
  auto owner = std::make_unique<volatile int>(1);
  volatile int* gone = owner.get();
  owner.reset();
  if (*gone == 1) return 0;
#endif
}
