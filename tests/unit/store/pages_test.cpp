#include "unit/store/store_fixture.h"

namespace sluice {
namespace {

class Pages : public StoreFixture {
 protected:
  // Three days of three sensors in small batches; some readings come late, some in the batch of another day.
  void fill() {
    std::mt19937 random(7);
    for (int i = 0; i < 300; ++i) {
      std::vector<Reading> rows;
      for (int j = 0; j < 1 + static_cast<int>(random() % 4); ++j) {
        const std::int64_t arrival = kStart + i * kDayMs / 100 + j;
        const std::int64_t late = random() % 10 == 0 ? static_cast<std::int64_t>(random() % (2 * kDayMs)) : 0;
        rows.push_back(reading(1 + random() % 3, arrival - late, i * 10 + j, arrival));
      }
      commit(std::move(rows));
    }
  }
  static bool fits(const Reading& row, const StoreView::PageQuery& query) {
    return row.time_ms >= query.from_ms && row.time_ms < query.to_ms &&
           (!query.sensor || *query.sensor == row.sensor);
  }
  // All pages, one after the other.
  std::vector<Reading> turn_pages(StoreView::PageQuery query) {
    std::vector<Reading> rows;
    for (;;) {
      StoreView::Page page = must(view_->page(query));
      EXPECT_GE(query.limit, page.rows.size());
      rows.insert(rows.end(), page.rows.begin(), page.rows.end());
      if (!page.next) return rows;
      EXPECT_LT(query.after, *page.next) << "no page ends where it began";
      query.after = *page.next;
    }
  }
};

TEST_F(Pages, GiveEveryRowOfTheSpanOnceInOrderOfArrival) {
  fill();
  const std::vector<Reading> all = stored_rows();
  std::mt19937 random(8);
  for (int round = 0; round < 60; ++round) {
    StoreView::PageQuery query;
    query.from_ms = kStart - kDayMs + static_cast<std::int64_t>(random() % (4 * kDayMs));
    query.to_ms = query.from_ms + static_cast<std::int64_t>(random() % (2 * kDayMs));
    if (random() % 2 == 0) query.sensor = 1 + random() % 4;
    query.limit = 1 + random() % 50;
    query.examine_max = 1 + random() % 100;
    std::vector<Reading> expected;
    for (const Reading& row : all) {
      if (fits(row, query)) expected.push_back(row);
    }
    ASSERT_EQ(expected, turn_pages(query)) << "round " << round;
  }
}

TEST_F(Pages, AreNotDisturbedByRowsThatComeMeanwhile) {
  fill();
  StoreView::PageQuery query;
  query.from_ms = 0;
  query.to_ms = kStart + 100 * kDayMs;
  query.limit = 10;
  StoreView::Page first = must(view_->page(query));
  ASSERT_TRUE(first.next);
  commit({reading(1, kStart, 4711, kStart + 3 * kDayMs)});
  query.after = *first.next;
  std::vector<Reading> rest = turn_pages(query);
  first.rows.insert(first.rows.end(), rest.begin(), rest.end());
  EXPECT_EQ(stored_rows(), first.rows);
}

TEST_F(Pages, ExamineNoMoreRowsThanTheyMay) {
  fill();
  StoreView::PageQuery query;
  query.to_ms = kStart + 100 * kDayMs;
  query.sensor = 4;  // nobody
  query.examine_max = 7;
  StoreView::Page page = must(view_->page(query));
  EXPECT_EQ(0u, page.rows.size());
  EXPECT_EQ(7, page.next.value_or(0));
}

TEST_F(Pages, EndAtOnceWhereThereIsNothing) {
  StoreView::PageQuery query;
  query.to_ms = kStart;
  EXPECT_FALSE(must(view_->page(query)).next);
  fill();
  query.after = 1'000'000'000;
  query.to_ms = kStart + 100 * kDayMs;
  EXPECT_FALSE(must(view_->page(query)).next);
  query = {kStart, kStart, 0, {}, 10, 10};
  EXPECT_FALSE(must(view_->page(query)).next);
}

}  // namespace
}  // namespace sluice
