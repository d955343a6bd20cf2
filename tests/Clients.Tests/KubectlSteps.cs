using System.Text.RegularExpressions;
using OrleansOrchestrator.TestKit;
using Xunit;

namespace OrleansOrchestrator.Clients.Tests;

/// <summary>
/// A file of steps (<c>steps</c>) that kubectl walks in a namespace of its own. A line with <c>$</c> in front is a
/// command that succeeds, one with <c>!</c> a command that fails, and <c>#</c> begins a remark. The lines below a
/// command are what its output has; with <c>-</c> in front, what it lacks; from one with <c>=</c> in front on, what
/// standard output is as a whole. Behind the steps come the files that commands name, each below a line
/// <c>-- NAME --</c>. <c>{space}</c> is the namespace.
/// </summary>
internal sealed partial class KubectlSteps : IDisposable
{
    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("orc-steps-");
    private readonly string _program;
    private readonly string _space;
    private readonly List<string> _steps;

    /// <param name="program">Which kubectl.</param>
    /// <param name="path">The file of steps.</param>
    /// <param name="space">The namespace, and the name of what has none.</param>
    /// <param name="config">The kubeconfig of an administrator.</param>
    public KubectlSteps(string program, string path, string space, string config)
    {
        (_program, _space) = (program, space);
        File.Copy(config, Path.Combine(_directory.FullName, "config"));
        var parts = FileMark().Split(File.ReadAllText(path).Replace("{space}", space, StringComparison.Ordinal));
        _steps = [.. parts[0].Split('\n').Where(static l => l.Length > 0 && l[0] != '#')];
        for (var i = 1; i < parts.Length; i += 2)
        {
            var file = new FileInfo(Path.Combine(_directory.FullName, parts[i]));
            file.Directory!.Create();
            File.WriteAllText(file.FullName, parts[i + 1]);
        }
    }

    /// <summary>Walks all steps; the first that is not as the file says fails the test.</summary>
    public async Task WalkAsync()
    {
        await RunAsync($"create namespace {_space}", fails: false);
        await RunAsync($"config set-context --current --namespace={_space}", fails: false);
        for (var i = 0; i < _steps.Count;)
        {
            var command = _steps[i++];
            var expected = _steps.Skip(i).TakeWhile(static l => !IsCommand(l)).ToList();
            i += expected.Count;
            Judge(command, await RunAsync(command[2..], fails: command[0] == '!'), expected);
        }

        await RunAsync($"delete namespace {_space} --wait=false", fails: false);
    }

    public void Dispose() => _directory.Delete(recursive: true);

    private static bool IsCommand(string line) =>
        line.StartsWith("$ ", StringComparison.Ordinal) || line.StartsWith("! ", StringComparison.Ordinal);

    private static void Judge(string command, Ended ended, List<string> expected)
    {
        var said = ended.Output + ended.Errors;
        var whole = expected.FindIndex(static l => l[0] == '=');
        if (whole >= 0)
        {
            var wanted = string.Join('\n', expected.Skip(whole))[1..].Trim();
            Assert.True(ended.Output.Trim() == wanted, $"{command}\nis not '{wanted}' but:\n{said}");
            return;
        }

        foreach (var line in expected)
        {
            var isLacking = line.StartsWith("- ", StringComparison.Ordinal);
            Assert.True(
                said.Contains(isLacking ? line[2..] : line, StringComparison.Ordinal) != isLacking,
                $"{command}\n{(isLacking ? "has" : "lacks")} '{line}':\n{said}");
        }
    }

    /// <summary>Words with <c>=</c> in them before the first without are the environment's.</summary>
    private async Task<Ended> RunAsync(string command, bool fails)
    {
        var words = Word().Matches(command)
            .Select(static w => w.Value.Replace("'", "", StringComparison.Ordinal)).ToList();
        var settings = words.TakeWhile(static w => w.Contains('=', StringComparison.Ordinal)).ToList();
        var ended = await Tools.RunAsync(
            "env",
            [
                $"--chdir={_directory.FullName}", $"HOME={_directory.FullName}",
                $"KUBECONFIG={Path.Combine(_directory.FullName, "config")}",
                .. settings, _program, .. words.Skip(settings.Count),
            ]);
        Assert.True(
            (ended.ExitCode != 0) == fails, $"{command}\nends with {ended.ExitCode}:\n{ended.Output}{ended.Errors}");
        return ended;
    }

    [GeneratedRegex("^-- (.+) --\n", RegexOptions.Multiline)]
    private static partial Regex FileMark();

    [GeneratedRegex("(?:'[^']*'|[^ '])+")]
    private static partial Regex Word();
}
