using System.ComponentModel;
using OrleansOrchestrator.NodeAgent.Kernel;
using OrleansOrchestrator.TestKit;
using Xunit;

namespace OrleansOrchestrator.NodeAgent.Tests.Kernel;

/// <summary>What a server may hold up: a stand-in answers for it, or does not.</summary>
public sealed class MountsTests
{
    private const int Busy = 16;

    private readonly ManualTime _time = new();
    private readonly List<UnmountMode> _tried = [];

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task What_hangs_is_forced_and_then_put_out_of_sight()
    {
        using var begun = new SemaphoreSlim(0);
        using var ended = new SemaphoreSlim(0);
        using var answer = new ManualResetEventSlim();
        var unmounted = UnmountAsync(mode =>
        {
            if (mode != UnmountMode.Lazy)
            {
                begun.Release();
                answer.Wait(Cancellation);
                ended.Release();
            }
        });
        for (var hanging = 0; hanging < 2; hanging++)
        {
            await begun.WaitAsync(Cancellation);
            await _time.ArmedAsync();
            _time.Advance(TimeSpan.FromMinutes(1));
        }

        await unmounted;
        answer.Set();
        await ended.WaitAsync(Cancellation);
        await ended.WaitAsync(Cancellation);

        Assert.Equal([UnmountMode.Plain, UnmountMode.Forced, UnmountMode.Lazy], _tried);
    }

    [Fact]
    public async Task What_is_busy_is_not_forced()
    {
        await Assert.ThrowsAsync<Win32Exception>(() => UnmountAsync(static _ => throw new Win32Exception(Busy)));

        Assert.Equal([UnmountMode.Plain], _tried);
    }

    private Task UnmountAsync(Action<UnmountMode> attempt) => Mounts.UnmountRemoteAsync(
        mode =>
        {
            _tried.Add(mode);
            attempt(mode);
        },
        _time, Cancellation);
}
