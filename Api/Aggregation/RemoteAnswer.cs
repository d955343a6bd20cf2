namespace OrleansOrchestrator.Api.Aggregation;

/// <summary>What another server answered.</summary>
/// <param name="Code">The status code; 0 when it did not answer.</param>
/// <param name="Body">The body.</param>
/// <param name="ETag">Its tag, if it has one.</param>
/// <param name="Failure">Why it did not answer.</param>
internal sealed record RemoteAnswer(int Code, ReadOnlyMemory<byte> Body, string ETag = "", string Failure = "")
{
    public bool Succeeded => Code is >= 200 and < 300;

    /// <summary>There was none.</summary>
    public static RemoteAnswer Failed(string why) => new(0, default, Failure: why);
}
