using OrleansOrchestrator.Logs.Lines;

namespace OrleansOrchestrator.Logs.Export;

/// <summary>What an OTLP endpoint says of a request that it took.</summary>
internal static class OtlpAnswer
{
    private const ulong PartialSuccess = (1 << 3) | 2;
    private const ulong RejectedRecords = 1 << 3;

    /// <summary>How many records it did not keep: <c>partial_success.rejected_log_records</c>, the first field that
    /// it writes; 0 for anything else.</summary>
    public static long Rejected(ReadOnlySpan<byte> answer)
    {
        try
        {
            return !answer.IsEmpty && ByteCoding.ReadNumber(ref answer) == PartialSuccess
                && ByteCoding.ReadNumber(ref answer) > 0 && ByteCoding.ReadNumber(ref answer) == RejectedRecords
                ? (long)ByteCoding.ReadNumber(ref answer)
                : 0;
        }
        catch (InvalidDataException)
        {
            // Taken it has them, whatever else it meant to say.
            return 0;
        }
    }
}
