using System.Collections.Concurrent;
using System.Diagnostics;
using System.Text;
using Grpc.Core;
using Grpc.Core.Interceptors;
using OrleansOrchestrator.NodeAgent.Metrics;

namespace OrleansOrchestrator.NodeAgent.Cri;

/// <summary>Counts and times the calls to the runtime, under upstream's names of them.</summary>
public sealed class RuntimeCalls : Interceptor
{
    private static readonly double[] BoundsSeconds =
    [
        0.005, 0.0125, 0.03125, 0.078125, 0.1953125, 0.48828125, 1.220703125, 3.0517578125, 7.62939453125,
        19.073486328125, 47.6837158203125, 119.20928955078125, 298.0232238769531, 745.0580596923828,
    ];

    private readonly ConcurrentDictionary<string, string> _names = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, long> _calls = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, long> _errors = new(StringComparer.Ordinal);
    private readonly DurationMetric _durations = new(
        "kubelet_runtime_operations_duration_seconds",
        "[ALPHA] Duration in seconds of runtime operations. Broken down by operation type.",
        BoundsSeconds,
        "operation_type");

    public override AsyncUnaryCall<TResponse> AsyncUnaryCall<TRequest, TResponse>(
        TRequest request,
        ClientInterceptorContext<TRequest, TResponse> context,
        AsyncUnaryCallContinuation<TRequest, TResponse> continuation)
    {
        var name = _names.GetOrAdd(context.Method.Name, NameOf);
        var started = Stopwatch.GetTimestamp();
        var call = continuation(request, context);
        return new AsyncUnaryCall<TResponse>(
            MeasureAsync(call.ResponseAsync, name, started, context.Options.CancellationToken),
            call.ResponseHeadersAsync, call.GetStatus, call.GetTrailers, call.Dispose);
    }

    public void Write(MetricsText text)
    {
        _durations.Write(text);
        Write(text, "kubelet_runtime_operations_errors_total",
            "[ALPHA] Cumulative number of runtime operation errors by operation type.", _errors);
        Write(text, "kubelet_runtime_operations_total",
            "[ALPHA] Cumulative number of runtime operations by operation type.", _calls);
    }

    /// <summary><c>RunPodSandbox</c> is <c>run_podsandbox</c>.</summary>
    public static string NameOf(string method)
    {
        var name = new StringBuilder();
        foreach (var c in method)
        {
            if (char.IsAsciiLetterUpper(c) && name.Length > 0)
            {
                name.Append('_');
            }

            name.Append(char.ToLowerInvariant(c));
        }

        return name.Replace("pod_sandbox", "podsandbox").ToString();
    }

    private async Task<T> MeasureAsync<T>(
        Task<T> answer, string name, long started, CancellationToken cancellationToken)
    {
        _calls.AddOrUpdate(name, 1, static (_, count) => count + 1);
        try
        {
            return await answer;
        }
        catch (OperationCanceledException cancelled) when (!cancellationToken.IsCancellationRequested)
        {
            // So the library says of a deadline that passes while it still writes the request, and of no other.
            _errors.AddOrUpdate(name, 1, static (_, count) => count + 1);
            throw new RpcException(new Status(StatusCode.DeadlineExceeded, cancelled.Message, cancelled));
        }
        catch (RpcException)
        {
            _errors.AddOrUpdate(name, 1, static (_, count) => count + 1);
            throw;
        }
        finally
        {
            _durations.Record(Stopwatch.GetElapsedTime(started), name);
        }
    }

    private static void Write(MetricsText text, string name, string help, ConcurrentDictionary<string, long> counts)
    {
        text.Family(name, "counter", help);
        foreach (var (kind, count) in counts.OrderBy(static k => k.Key, StringComparer.Ordinal))
        {
            text.Sample(name, count, null, ("operation_type", kind));
        }
    }
}
