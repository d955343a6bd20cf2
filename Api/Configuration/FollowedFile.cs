namespace OrleansOrchestrator.Api.Configuration;

/// <summary>A file that is followed.</summary>
/// <param name="path">Where it is.</param>
/// <param name="controller">How metrics call who follows it: <c>authorization_config</c>.</param>
/// <param name="content">What is in use.</param>
/// <param name="apply">
/// Takes new content; throws <see cref="ConfigurationException"/> when it is of no use.
/// </param>
public sealed class FollowedFile(
    string path, string controller, ReadOnlyMemory<byte> content,
    Func<ReadOnlyMemory<byte>, CancellationToken, Task> apply)
{
    /// <summary>A file that is taken at once.</summary>
    public FollowedFile(
        string path, string controller, ReadOnlyMemory<byte> content, Action<ReadOnlyMemory<byte>> apply)
        : this(path, controller, content, (changed, _) =>
        {
            apply(changed);
            return Task.CompletedTask;
        })
    {
    }

    public string Path => path;

    public string Controller => controller;

    /// <summary>Whether content that was of no use is tried again at the next look.</summary>
    public bool TriesAgain { get; init; }

    /// <summary>What was last read, whether it was of use or not, unless that is tried again.</summary>
    public ReadOnlyMemory<byte> Content { get; private set; } = content;

    /// <summary>Takes new content.</summary>
    public async Task ApplyAsync(ReadOnlyMemory<byte> changed, CancellationToken cancellationToken)
    {
        Content = TriesAgain ? Content : changed;
        await apply(changed, cancellationToken);
        Content = changed;
    }
}
