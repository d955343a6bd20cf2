using System.Diagnostics.Metrics;
using System.Text;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using OrleansOrchestrator.Api.Configuration;
using OrleansOrchestrator.TestKit;
using Xunit;

namespace OrleansOrchestrator.Api.Tests.Configuration;

/// <summary>A file is applied anew when it changes, however it is replaced, and a bad one changes nothing.</summary>
public sealed class FileFollowerTests : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    private readonly string _folder = Directory.CreateTempSubdirectory().FullName;

    [Fact]
    public async Task ChangesAreApplied()
    {
        var path = Path.Combine(_folder, "c.yaml");
        await File.WriteAllTextAsync(path, "one", TestContext.Current.CancellationToken);
        var applied = new Applied();
        using var services = new ServiceCollection().AddMetrics().BuildServiceProvider();
        using var follower = new FileFollower(
            new FollowedFile(path, "x_config", "one"u8.ToArray(), applied.Apply),
            new ReloadMetrics(services.GetRequiredService<IMeterFactory>()), TimeProvider.System,
            NullLogger<FileFollower>.Instance);
        await follower.StartAsync(TestContext.Current.CancellationToken);

        Replace(path, "two");
        await applied.UntilAsync("two").WaitAsync(Patience, TestContext.Current.CancellationToken);
        Replace(path, "bad");
        await applied.UntilAsync("bad").WaitAsync(Patience, TestContext.Current.CancellationToken);
        Replace(path, "three");
        await applied.UntilAsync("three").WaitAsync(Patience, TestContext.Current.CancellationToken);

        await follower.StopAsync(TestContext.Current.CancellationToken);
        Assert.DoesNotContain("one", applied.Texts);
    }

    /// <summary>Where no event comes, as on some networks' file systems, the look each minute finds it.</summary>
    [Fact]
    public async Task ALookEachMinuteFindsWhatNobodyTold()
    {
        var time = new ManualTime();
        var path = Path.Combine(_folder, "c.yaml");
        await File.WriteAllTextAsync(path, "two", TestContext.Current.CancellationToken);
        var applied = new Applied();
        using var services = new ServiceCollection().AddMetrics().BuildServiceProvider();
        using var follower = new FileFollower(
            new FollowedFile(path, "x_config", "one"u8.ToArray(), applied.Apply),
            new ReloadMetrics(services.GetRequiredService<IMeterFactory>()), time, NullLogger<FileFollower>.Instance);

        await follower.StartAsync(TestContext.Current.CancellationToken);
        time.Advance(TimeSpan.FromMinutes(1));

        await applied.UntilAsync("two").WaitAsync(Patience, TestContext.Current.CancellationToken);
        await follower.StopAsync(TestContext.Current.CancellationToken);
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    /// <summary>As tools do that want no reader to see half a file.</summary>
    private static void Replace(string path, string text)
    {
        File.WriteAllText($"{path}.new", text);
        File.Move($"{path}.new", path, overwrite: true);
    }

    private sealed class Applied
    {
        private readonly Lock _lock = new();
        private readonly List<string> _texts = [];
        private readonly Dictionary<string, TaskCompletionSource> _waiting = [];

        public IReadOnlyList<string> Texts
        {
            get
            {
                lock (_lock)
                {
                    return [.. _texts];
                }
            }
        }

        public void Apply(ReadOnlyMemory<byte> content)
        {
            var text = Encoding.UTF8.GetString(content.Span);
            lock (_lock)
            {
                _texts.Add(text);
                Source(text).TrySetResult();
            }

            if (text == "bad")
            {
                throw new ConfigurationException("bad");
            }
        }

        public Task UntilAsync(string text)
        {
            lock (_lock)
            {
                return Source(text).Task;
            }
        }

        private TaskCompletionSource Source(string text)
        {
            if (!_waiting.TryGetValue(text, out var source))
            {
                _waiting[text] = source = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            }

            return source;
        }
    }
}
