namespace OrleansOrchestrator.Resources.Batch.CronJobs;

/// <summary>One field of a schedule.</summary>
/// <param name="Bits">Bit n: the value n is meant.</param>
/// <param name="IsStar">Every value is meant, and said so by a star.</param>
internal readonly record struct CronField(ulong Bits, bool IsStar)
{
    public static CronField Of(int start, int end, int step, bool isStar)
    {
        var bits = 0UL;
        for (long value = start; value <= end; value += step)
        {
            bits |= 1UL << (int)value;
        }

        return new CronField(bits, isStar);
    }

    public bool Has(int value) => ((Bits >> value) & 1) == 1;
}
