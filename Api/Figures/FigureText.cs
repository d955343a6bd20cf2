using System.Buffers;
using System.IO.Pipelines;
using System.Text;
using OrleansOrchestrator.Api.Usage;

namespace OrleansOrchestrator.Api.Figures;

/// <summary>Reads what a pod tells line by line, as it comes: what is not wanted is never held.</summary>
internal static class FigureText
{
    /// <summary>A longer line is left out, as one that makes no sense.</summary>
    public const int MaxLineBytes = 16 * 1024;

    /// <summary>The samples of some figures; null when there are too many, or the answer is too long.</summary>
    /// <param name="body">In Prometheus' text format.</param>
    /// <param name="figures">Which are wanted.</param>
    /// <param name="options">The bounds.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    public static async Task<IReadOnlyList<PrometheusSample>?> ReadAsync(
        Stream body, IReadOnlySet<string> figures, FigureOptions options, CancellationToken cancellationToken)
    {
        var samples = new List<PrometheusSample>();
        Predicate<string> wants = name => SeriesValues.Tells(name, figures);
        var pipe = PipeReader.Create(body);
        try
        {
            var (taken, isTooLong) = (0L, false);
            while (true)
            {
                var read = await pipe.ReadAsync(cancellationToken);
                var rest = read.Buffer;
                while (TakeLine(ref rest, read.IsCompleted) is { } line)
                {
                    Add(samples, isTooLong ? default : line, wants);
                    isTooLong = false;
                }

                if (rest.Length > MaxLineBytes)
                {
                    isTooLong = true;
                    rest = rest.Slice(rest.End);
                }

                taken += read.Buffer.Length - rest.Length;
                if (taken + rest.Length > options.MaxAnswerBytes || samples.Count > options.MaxSeries)
                {
                    return null;
                }

                pipe.AdvanceTo(rest.Start, rest.End);
                if (read.IsCompleted)
                {
                    return samples;
                }
            }
        }
        finally
        {
            await pipe.CompleteAsync();
        }
    }

    /// <summary>Without its end; the last one need have none.</summary>
    private static ReadOnlySequence<byte>? TakeLine(ref ReadOnlySequence<byte> rest, bool isAll)
    {
        if (rest.PositionOf((byte)'\n') is { } end)
        {
            var line = rest.Slice(0, end);
            rest = rest.Slice(rest.GetPosition(1, end));
            return line;
        }

        if (!isAll || rest.IsEmpty)
        {
            return null;
        }

        var last = rest;
        rest = rest.Slice(rest.End);
        return last;
    }

    private static void Add(
        List<PrometheusSample> samples, ReadOnlySequence<byte> line, Predicate<string> wants)
    {
        if (line.Length <= MaxLineBytes
            && PrometheusText.ReadLine(Encoding.UTF8.GetString(line), wants) is { } sample
            && double.IsFinite(sample.Value))
        {
            samples.Add(sample);
        }
    }
}
