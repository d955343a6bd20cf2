namespace OrleansOrchestrator.NodeAgent.Server;

/// <summary>A stream cannot be had: the answer to the request that asks for it.</summary>
/// <param name="code">HTTP status.</param>
/// <param name="text">The answer's plain text, which clients show.</param>
public sealed class StreamRefusedException(int code, string text) : IOException(text)
{
    public int Code => code;
}
