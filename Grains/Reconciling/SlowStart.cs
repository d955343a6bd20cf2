namespace OrleansOrchestrator.Grains.Reconciling;

/// <summary>
/// Does something many times in growing batches (1, 2, 4 …), so that what must fail (a quota, a policy) fails once and
/// not 500 times.
/// </summary>
public static class SlowStart
{
    /// <summary>Stops after the batch in which <paramref name="action"/> answered false.</summary>
    public static async Task RunAsync(int count, int first, int maxParallel, Func<int, Task<bool>> action)
    {
        var done = 0;
        for (var batch = first; done < count; batch *= 2)
        {
            var size = Math.Min(batch, count - done);
            if (!await RunBatchAsync(done, size, maxParallel, action))
            {
                return;
            }

            done += size;
        }
    }

    private static async Task<bool> RunBatchAsync(int from, int size, int maxParallel, Func<int, Task<bool>> action)
    {
        var good = true;
        await Parallel.ForAsync(
            from,
            from + size,
            new ParallelOptions { MaxDegreeOfParallelism = maxParallel },
            async (index, _) =>
            {
                if (!await action(index))
                {
                    good = false;
                }
            });
        return good;
    }
}
