using k8s.Models;
using OrleansOrchestrator.NodeAgent.Environments;
using Xunit;

namespace OrleansOrchestrator.NodeAgent.Tests.Environments;

public sealed class EnvironmentFileTests : IDisposable
{
    private readonly string _volume = Directory.CreateTempSubdirectory("orc-env-").FullName;

    public void Dispose() => Directory.Delete(_volume, recursive: true);

    [Theory]
    [InlineData("K='v'", "v")]
    [InlineData("  \t K='v' # why", "v")]
    [InlineData("# K='no'\n\n   \nJ='1'\nK='it is \"so\" $X # \\n'", "it is \"so\" $X # \\n")]
    [InlineData("K='one\n two\n'\nJ='x'", "one\n two\n")]
    [InlineData("J='a\nK=b'\nK='v'", "v")]
    [InlineData("K= 'v'", "")]
    [InlineData("K=''", "")]
    [InlineData("J='v'", "")]
    [InlineData("", "")]
    public void A_value_is_what_lies_between_its_quotes(string text, string value) =>
        Assert.Equal(value, EnvironmentFile.Find(text, "K"));

    /// <summary>The file is a container's: its size may be a megabyte, the work not the square of that.</summary>
    [Fact]
    public async Task A_value_of_a_million_lines_is_read_at_once()
    {
        var lines = new string('\n', 1_000_000);
        Assert.Equal(lines, await Task.Factory.StartNew(
            () => EnvironmentFile.Find($"K='{lines}'", "K"), TestContext.Current.CancellationToken,
            TaskCreationOptions.LongRunning, TaskScheduler.Default).WaitAsync(
            TimeSpan.FromSeconds(10), TestContext.Current.CancellationToken));
    }

    [Theory]
    [InlineData("K")]
    [InlineData("='v'")]
    [InlineData("K ='v'")]
    [InlineData("K=v")]
    [InlineData("K=\"v\"")]
    [InlineData("K='v")]
    [InlineData("K='v'x")]
    [InlineData("J=1\nK='v'")]
    public void What_a_shell_would_read_otherwise_is_refused(string text) =>
        Assert.Throws<FormatException>(() => EnvironmentFile.Find(text, "K"));

    [Fact]
    public void What_is_not_there_is_told_unless_it_may_be_missing()
    {
        Write("f", "A='1'");

        Assert.Equal("1", Read("A"));
        Assert.Equal("environment variable key \"B\" not found in file \"f\"", Problem(() => Read("B")));
        Assert.Null(Read("B", optional: true));
        Assert.Equal("couldn't parse env file", Problem(() => Read("A", path: "none")));
        Assert.Equal(
            "cannot find the volume \"v\" referenced by FileKeyRef",
            Problem(() => EnvironmentFile.Read(Selector("A", "f", false), new Dictionary<string, string>())));
    }

    /// <summary>The volume is its containers': they may put anything in the file's place.</summary>
    [Fact]
    public void Nothing_but_a_plain_file_beneath_the_volume_is_read()
    {
        var secret = Path.Combine(Path.GetTempPath(), Path.GetRandomFileName());
        File.WriteAllText(secret, "A='stolen'");
        File.CreateSymbolicLink(Path.Combine(_volume, "link"), secret);
        Directory.CreateDirectory(Path.Combine(_volume, "directory"));
        Write("large", "B='" + new string('x', 2 * 1024 * 1024) + "'\nA='1'");
        File.CreateSymbolicLink(Path.Combine(_volume, "device"), "/dev/zero");

        foreach (var path in new[] { "link", "directory", "large", "device", "../" + Path.GetFileName(secret) })
        {
            Assert.Equal("couldn't parse env file", Problem(() => Read("A", path: path)));
        }

        File.Delete(secret);
    }

    [Fact]
    public void Keys_and_values_are_bounded()
    {
        Write("f", $"A='{new string('x', (32 * 1024) + 1)}'");

        Assert.Equal("environment variable value for key \"A\" exceeds maximum size of 32KB", Problem(() => Read("A")));
        var key = new string('k', 129);
        Assert.Equal($"environment variable key \"{key}\" exceeds maximum length of 128 characters",
            Problem(() => Read(key)));
    }

    private void Write(string name, string text) => File.WriteAllText(Path.Combine(_volume, name), text);

    private string? Read(string key, string path = "f", bool optional = false) =>
        EnvironmentFile.Read(Selector(key, path, optional), new Dictionary<string, string> { ["v"] = _volume });

    private static V1FileKeySelector Selector(string key, string path, bool optional) =>
        new() { VolumeName = "v", Path = path, Key = key, Optional = optional };

    private static string Problem(Func<object?> read) => Assert.Throws<ContainerConfigException>(() => read()).Message;
}
