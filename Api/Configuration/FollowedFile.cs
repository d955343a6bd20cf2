namespace OrleansOrchestrator.Api.Configuration;

/// <summary>A file that is followed.</summary>
/// <param name="path">Where it is.</param>
/// <param name="controller">How metrics call who follows it: <c>authorization_config</c>.</param>
/// <param name="content">What is in use.</param>
/// <param name="apply">
/// Takes new content; throws <see cref="ConfigurationException"/> when it is of no use.
/// </param>
public sealed class FollowedFile(
    string path, string controller, ReadOnlyMemory<byte> content, Action<ReadOnlyMemory<byte>> apply)
{
    public string Path => path;

    public string Controller => controller;

    /// <summary>What was last read, whether it was of use or not.</summary>
    public ReadOnlyMemory<byte> Content { get; private set; } = content;

    /// <summary>Takes new content.</summary>
    public void Apply(ReadOnlyMemory<byte> changed)
    {
        Content = changed;
        apply(changed);
    }
}
