using OrleansOrchestrator.Machine;
using Xunit;

namespace OrleansOrchestrator.NodeAgent.Tests.Kernel;

/// <summary>Programs that are run to their end, or until nobody waits any more.</summary>
public sealed class CommandsTests : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("orc-commands-").FullName;

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Fact]
    public async Task What_a_program_is_told_is_read_to_its_end()
    {
        var text = new string('x', 1 << 20);
        var result = await Commands.RunAsync("cat", [], CancellationToken.None, text);
        Assert.Equal((0, text), (result.ExitCode, result.Output));
    }

    [Theory]
    [InlineData("")]
    [InlineData(">&2")]
    public async Task A_chatty_program_ends_by_itself_where_the_rest_is_dropped(string to)
    {
        const int limit = 5000; // more than is read at once
        string[] talk =
            ["-c", $"head -c 1000000 /dev/zero {to}; echo > \"$0\"; exit 4", Path.Combine(_directory, "done")];

        var result = await Commands.RunAsync("sh", talk, CancellationToken.None, maxOutput: limit, dropsRest: true);
        Assert.Equal((4, limit), (result.ExitCode, (result.Output + result.Error).Length));
        Assert.True(File.Exists(talk[2]));

        await Assert.ThrowsAsync<IOException>(
            () => Commands.RunAsync("sh", talk, CancellationToken.None, maxOutput: limit));
    }

    [Fact]
    public async Task One_that_does_not_read_what_it_is_told_ends_with_its_caller()
    {
        var pipe = Path.Combine(_directory, "pipe");
        Assert.True((await Commands.RunAsync("mkfifo", [pipe], CancellationToken.None)).Succeeded);
        using var stop = new CancellationTokenSource();
        var run = Commands.RunAsync(
            "sh", ["-c", "exec 3>\"$0\"; exec sleep 1000", pipe], stop.Token, new string('x', 1 << 20));
        await using var alive = File.OpenRead(pipe); // as soon as the program has opened its end

        await stop.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => run);
        Assert.Equal(-1, alive.ReadByte()); // the end of it closes the pipe
    }
}
