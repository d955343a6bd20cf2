using System.Diagnostics;
using System.Net;
using System.Runtime.CompilerServices;

namespace OrleansOrchestrator.TestKit;

/// <summary>
/// Waits for other programs with a bound that a loaded machine does not reach: what never comes fails its test, and
/// does not keep all others waiting.
/// </summary>
public static class Patiently
{
    internal static readonly TimeSpan Patience = TimeSpan.FromMinutes(5);
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(50);

    /// <summary>The next line; null at the end.</summary>
    public static Task<string?> NextLineAsync(this TextReader reader) => reader.ReadLineAsync().WaitAsync(Patience);

    /// <summary>All that is left.</summary>
    public static Task<string> RestAsync(this TextReader reader) => reader.ReadToEndAsync().WaitAsync(Patience);

    /// <summary>
    /// The answer of a server. One that says when to come again, as a silo does that has just started or took over
    /// from another, is asked again then, as clients do.
    /// </summary>
    public static async Task<HttpResponseMessage> AnsweredAsync(this HttpClient http, Func<HttpRequestMessage> ask)
    {
        using var patience = new CancellationTokenSource(Patience);
        while (true)
        {
            using var request = ask();
            var answer = await http.SendAsync(request, patience.Token);
            if (answer is not { StatusCode: HttpStatusCode.ServiceUnavailable, Headers.RetryAfter.Delta: { } delay })
            {
                return answer;
            }

            answer.Dispose();
            await Task.Delay(delay, TimeProvider.System, patience.Token);
        }
    }

    /// <summary>
    /// Returns when something holds that tells nobody of itself: decisions follow caches, and caches their kinds. Fails
    /// when that takes longer than so.
    /// </summary>
    public static async Task UntilAsync(
        TimeSpan patience, Func<CancellationToken, Task<bool>> holds, TimeSpan? pause = null)
    {
        using var bound = new CancellationTokenSource(patience, TimeProvider.System);
        while (!await holds(bound.Token))
        {
            await Task.Delay(pause ?? Pause, TimeProvider.System, bound.Token);
        }
    }

    /// <summary>
    /// What is found when it is looked for again and again; null is not found yet. Fails when that takes longer than
    /// so.
    /// </summary>
    public static async Task<T> FoundAsync<T>(
        TimeSpan patience, Func<CancellationToken, Task<T?>> look, TimeSpan? pause = null)
        where T : class
    {
        T? found = null;
        await UntilAsync(patience, async bound => (found = await look(bound)) is not null, pause);
        return found!;
    }

    /// <summary>
    /// The first answer that is well; the last one when none was within this time, for who compares answers.
    /// </summary>
    public static async Task<T> LastAsync<T>(
        TimeSpan patience, Func<Task<T>> ask, Func<T, bool> isWell, TimeSpan? pause = null)
    {
        var started = TimeProvider.System.GetTimestamp();
        while (true)
        {
            var isLate = TimeProvider.System.GetElapsedTime(started) >= patience;
            var answer = await ask();
            if (isLate || isWell(answer))
            {
                return answer;
            }

            await Task.Delay(pause ?? Pause, TimeProvider.System);
        }
    }

    /// <summary>
    /// Does what fails as long as others are not there yet, again after a failure that may pass. The last failure is
    /// thrown when that takes longer than so.
    /// </summary>
    public static async Task<T> DoneAsync<T>(TimeSpan patience, Func<Task<T>> act, Func<Exception, bool> mayPass)
    {
        var started = TimeProvider.System.GetTimestamp();
        while (true)
        {
            try
            {
                return await act();
            }
            catch (Exception failure) when (
                mayPass(failure) && TimeProvider.System.GetElapsedTime(started) < patience)
            {
                await Task.Delay(Pause, TimeProvider.System);
            }
        }
    }

    /// <summary>The steps of a client that rests after each, counted from 0, until it is stopped.</summary>
    public static async IAsyncEnumerable<int> StepsAsync(
        TimeSpan rest, [EnumeratorCancellation] CancellationToken stop)
    {
        for (var step = 0; !stop.IsCancellationRequested; step++)
        {
            yield return step;
            await Task.Delay(rest, TimeProvider.System, stop).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    /// <summary>The end of a program.</summary>
    public static Task EndedAsync(this Process process) => process.WaitForExitAsync().WaitAsync(Patience);
}
