using System.Diagnostics.Metrics;

namespace OrleansOrchestrator.Resources.Kernel;

/// <summary>Bounds of histograms as upstream makes them.</summary>
public static class Buckets
{
    /// <summary>
    /// So many bounds, each so many times the one before: one multiplication after the other, so that they are
    /// upstream's to the last digit.
    /// </summary>
    public static InstrumentAdvice<double> Growing(double first, double factor, int count)
    {
        var bounds = new double[count];
        for (var i = 0; i < count; i++)
        {
            bounds[i] = i == 0 ? first : bounds[i - 1] * factor;
        }

        return new InstrumentAdvice<double> { HistogramBucketBoundaries = bounds };
    }
}
