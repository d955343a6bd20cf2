using OrleansOrchestrator.Machine;

namespace OrleansOrchestrator.NodeAgent.Volumes;

/// <summary>
/// The machine's mount(8), for what mount(2) does not know: options by their names, and file systems that a helper of
/// their own mounts. What it says is told as upstream's kubelet tells it.
/// </summary>
/// <param name="program">Its name or path.</param>
public sealed class MountProgram(string program)
{
    private const int MaxOutput = 1 << 16;

    /// <summary>Options as upstream gives them: each once, none that is empty, in the order of their names.</summary>
    public static IEnumerable<string> Sorted(IEnumerable<string> options) =>
        options.Where(static o => o.Length > 0).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal);

    /// <summary>Throws a <see cref="VolumeException"/> with what the program says when it fails.</summary>
    /// <param name="type">Of the file system; empty where there is one already.</param>
    /// <param name="options">In the order in which they count.</param>
    /// <param name="source">What is mounted.</param>
    /// <param name="place">Where.</param>
    /// <param name="cancellationToken">Ends the program.</param>
    public async Task RunAsync(
        string type, IEnumerable<string> options, string source, string place, CancellationToken cancellationToken)
    {
        var joined = string.Join(',', options);
        string[] flags = [.. Flag("-t", type), .. Flag("-o", joined)];

        // Whatever the source begins with is no option.
        var ended = await Commands.RunAsync(
            program, [.. flags, "--", source, place], cancellationToken, maxOutput: MaxOutput);
        if (!ended.Succeeded)
        {
            throw new VolumeException(
                $"mount failed: exit status {ended.ExitCode}\nMounting command: mount\nMounting arguments: " +
                $"{string.Join(' ', [.. flags, source, place])}\nOutput: {ended.Output}{ended.Error}");
        }
    }

    private static string[] Flag(string name, string value) => value.Length > 0 ? [name, value] : [];
}
