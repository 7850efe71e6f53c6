"""Plans are found by shape when only neutral literals differ, and never when a significant one does."""

from safelight._native import ShapeCache

MAX_SHAPES, MAX_VALUES_PER_SHAPE, MAX_EXACT = 4096, 512, 1024


def test_a_fresh_neutral_literal_finds_the_plan() -> None:
    cache: ShapeCache[str] = ShapeCache()
    cache.put(b"select a from t where id = 1", False, (), "plan")
    assert cache.get(b"select a from t where id = 2;", False) == "plan"
    assert cache.get(b"select a from t where id = 99999999999", False) is None  # an int8: another shape
    assert cache.get(b"select a from t where id = 2", True) is None


def test_a_significant_literal_is_part_of_the_key() -> None:
    cache: ShapeCache[str] = ShapeCache()
    cache.put(b"select a from t where id = 1 order by 2", False, (1,), "by 2")
    assert cache.get(b"select a from t where id = 7 order by 2", False) == "by 2"
    assert cache.get(b"select a from t where id = 1 order by 3", False) is None


def test_a_text_without_a_shape_is_found_by_its_exact_bytes_only() -> None:
    cache: ShapeCache[str] = ShapeCache()
    cache.put(b"select 1 -- one", False, (), "one")
    assert cache.get(b"select 1 -- one", False) == "one"
    assert cache.get(b"select 1 -- two", False) is None


def test_a_plan_kept_by_exact_text_is_not_found_by_its_shape() -> None:
    cache: ShapeCache[str] = ShapeCache()
    cache.put(b"update t set a = 1", False, None, "held")
    assert cache.get(b"update t set a = 1", False) == "held"
    assert cache.get(b"update t set a = 2", False) is None


def test_it_stays_bounded() -> None:
    cache: ShapeCache[int] = ShapeCache()
    for number in range(MAX_SHAPES + 10):
        cache.put(f"select a{number} from t".encode(), False, (), number)
    for number in range(MAX_VALUES_PER_SHAPE + 10):
        cache.put(f"select a from t order by {number}".encode(), False, (0,), number)
    for number in range(MAX_EXACT + 10):
        cache.put(f"select {number} -- x".encode(), False, None, number)
    assert cache.get(b"select a0 from t", False) is None
    assert cache.get(b"select a from t order by 0", False) is None
    assert cache.get(b"select 0 -- x", False) is None
    assert cache.get(b"select a from t order by 9", False) is None
    assert cache.get(f"select a from t order by {MAX_VALUES_PER_SHAPE}".encode(), False) == MAX_VALUES_PER_SHAPE


def test_all_of_it_together_is_bounded_by_weight() -> None:
    cache: ShapeCache[int] = ShapeCache()
    for number in range(20):
        cache.put(b"SELECT a%d FROM t" % number, False, (), number, weight=1000)
    kept = [number for number in range(20) if cache.get(b"SELECT a%d FROM t" % number, False) is not None]
    assert kept == [16, 17, 18, 19]


def test_a_long_text_is_not_kept() -> None:
    cache: ShapeCache[int] = ShapeCache()
    for significant in ((), None):
        text = b"SELECT a FROM t WHERE b = '" + b"x" * 20_000 + b"'"
        cache.put(text, False, significant, 1)
        assert cache.get(text, False) is None
