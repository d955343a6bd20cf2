using CsCheck;

namespace OrleansOrchestrator.SeedKit;

/// <summary>
/// Properties over what generators of CsCheck make, with cases that depend on the test's seed and their number alone.
/// CsCheck's own loop starts at a random place in every thread, also when a seed is given, which says only what its
/// first case is; it is used to find the smallest case once one has failed. <c>CsCheck_Seed</c> repeats one case.
/// </summary>
public static class Properties
{
    private const int Usual = 100;

    /// <summary>
    /// Throws, with the smallest case found, unless <paramref name="holds"/> returns for each of so many cases (times
    /// what a soak asks for), on so many threads; 0 are as many as there are processors.
    /// </summary>
    public static void Check<T>(this Gen<T> gen, Action<T> holds, int cases = Usual, int threads = 0)
    {
        threads = threads > 0 ? threads : Environment.ProcessorCount;
        if (CsCheck.Check.Seed is not null)
        {
            gen.Sample(holds, iter: 1, threads: 1);
            return;
        }

        var (seed, failure) = (TestSeed.Wide, new FirstFailure());
        Parallel.For(0, cases * (long)TestSeed.Times, Side(threads), i =>
        {
            try
            {
                if (failure.MayStillBe(i))
                {
                    holds(gen.Generate(Case(seed, i), null, out _));
                }
            }
            catch (Exception error)
            {
                failure.Note(i, error);
            }
        });
        if (failure.Error is not null)
        {
            var start = Case(seed, failure.Case).ToString();
            gen.Sample(holds, seed: start, iter: Math.Max(cases, Usual), threads: threads);
            throw failure.NotAgain();
        }
    }

    public static async Task CheckAsync<T>(
        this Gen<T> gen, Func<T, Task> holds, int cases = Usual, int threads = 0)
    {
        threads = threads > 0 ? threads : Environment.ProcessorCount;
        if (CsCheck.Check.Seed is not null)
        {
            await gen.SampleAsync(holds, iter: 1, threads: 1);
            return;
        }

        var (seed, failure) = (TestSeed.Wide, new FirstFailure());
        await Parallel.ForAsync(0, cases * (long)TestSeed.Times, Side(threads), async (i, _) =>
        {
            try
            {
                if (failure.MayStillBe(i))
                {
                    await holds(gen.Generate(Case(seed, i), null, out var _));
                }
            }
            catch (Exception error)
            {
                failure.Note(i, error);
            }
        });
        if (failure.Error is not null)
        {
            var start = Case(seed, failure.Case).ToString();
            await gen.SampleAsync(holds, seed: start, iter: Math.Max(cases, Usual), threads: threads);
            throw failure.NotAgain();
        }
    }

    /// <inheritdoc cref="Check{T}(Gen{T}, Action{T}, int, int)"/>
    public static void Check<T>(this Gen<T> gen, Func<T, bool> holds, int cases = Usual, int threads = 0) =>
        gen.Check(t => Require(holds(t)), cases, threads);

    public static void Check<T1, T2>(this Gen<(T1, T2)> gen, Action<T1, T2> holds, int cases = Usual) =>
        gen.Check(t => holds(t.Item1, t.Item2), cases);

    public static void Check<T1, T2>(this Gen<(T1, T2)> gen, Func<T1, T2, bool> holds, int cases = Usual) =>
        gen.Check(t => Require(holds(t.Item1, t.Item2)), cases);

    public static void Check<T1, T2, T3>(this Gen<(T1, T2, T3)> gen, Action<T1, T2, T3> holds, int cases = Usual) =>
        gen.Check(t => holds(t.Item1, t.Item2, t.Item3), cases);

    public static void Check<T1, T2, T3>(this Gen<(T1, T2, T3)> gen, Func<T1, T2, T3, bool> holds, int cases = Usual) =>
        gen.Check(t => Require(holds(t.Item1, t.Item2, t.Item3)), cases);

    public static void Check<T1, T2, T3, T4>(
        this Gen<(T1, T2, T3, T4)> gen, Action<T1, T2, T3, T4> holds, int cases = Usual) =>
        gen.Check(t => holds(t.Item1, t.Item2, t.Item3, t.Item4), cases);

    public static void Check<T1, T2, T3, T4>(
        this Gen<(T1, T2, T3, T4)> gen, Func<T1, T2, T3, T4, bool> holds, int cases = Usual) =>
        gen.Check(t => Require(holds(t.Item1, t.Item2, t.Item3, t.Item4)), cases);

    public static void Check<T1, T2, T3, T4, T5>(
        this Gen<(T1, T2, T3, T4, T5)> gen, Action<T1, T2, T3, T4, T5> holds, int cases = Usual) =>
        gen.Check(t => holds(t.Item1, t.Item2, t.Item3, t.Item4, t.Item5), cases);

    public static void Check<T1, T2, T3, T4, T5>(
        this Gen<(T1, T2, T3, T4, T5)> gen, Func<T1, T2, T3, T4, T5, bool> holds, int cases = Usual) =>
        gen.Check(t => Require(holds(t.Item1, t.Item2, t.Item3, t.Item4, t.Item5)), cases);

    public static void Check<T1, T2, T3, T4, T5, T6>(
        this Gen<(T1, T2, T3, T4, T5, T6)> gen, Action<T1, T2, T3, T4, T5, T6> holds, int cases = Usual) =>
        gen.Check(t => holds(t.Item1, t.Item2, t.Item3, t.Item4, t.Item5, t.Item6), cases);

    public static void Check<T1, T2, T3, T4, T5, T6>(
        this Gen<(T1, T2, T3, T4, T5, T6)> gen, Func<T1, T2, T3, T4, T5, T6, bool> holds, int cases = Usual) =>
        gen.Check(t => Require(holds(t.Item1, t.Item2, t.Item3, t.Item4, t.Item5, t.Item6)), cases);

    public static Task CheckAsync<T1, T2>(
        this Gen<(T1, T2)> gen, Func<T1, T2, Task> holds, int cases = Usual, int threads = 0) =>
        gen.CheckAsync(t => holds(t.Item1, t.Item2), cases, threads);

    /// <summary>The source of one case, which alone says what it is: threads take cases in any order.</summary>
    private static PCG Case(ulong seed, long number) => new(1, TestSeed.Mix(seed + (ulong)number));

    private static ParallelOptions Side(int threads) =>
        new() { MaxDegreeOfParallelism = threads, TaskScheduler = TaskScheduler.Default };

    private static void Require(bool holds)
    {
        if (!holds)
        {
            throw new CsCheckException("The property does not hold");
        }
    }

    /// <summary>The failed case of the lowest number: whichever thread is first, a run names the same.</summary>
    private sealed class FirstFailure
    {
        private readonly Lock _lock = new();

        public long Case { get; private set; } = long.MaxValue;

        public Exception? Error { get; private set; }

        public bool MayStillBe(long number)
        {
            lock (_lock)
            {
                return number < Case;
            }
        }

        public void Note(long number, Exception error)
        {
            lock (_lock)
            {
                (Case, Error) = number < Case ? (number, error) : (Case, Error);
            }
        }

        public CsCheckException NotAgain() => new(
            $"Case {Case} failed, and held when it was repeated alone: it depends on time or on what runs beside it",
            Error);
    }
}
