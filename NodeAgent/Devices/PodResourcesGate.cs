using Grpc.Core;
using Grpc.Core.Interceptors;
using OrleansOrchestrator.NodeAgent.Metrics;

namespace OrleansOrchestrator.NodeAgent.Devices;

/// <summary>
/// Stands before the PodResources API: counts what is asked and, as upstream does, refuses what is asked more often
/// than a hundred times a second. Safe for any thread.
/// </summary>
public sealed class PodResourcesGate(KubeletMeters meters, TimeProvider time) : Interceptor
{
    /// <summary>How many may be asked at once.</summary>
    public const int Burst = 10;

    private const double PerSecond = 100;

    private readonly Lock _lock = new();
    private double _tokens = Burst;
    private long _last = time.GetTimestamp();

    public override Task<TResponse> UnaryServerHandler<TRequest, TResponse>(
        TRequest request, ServerCallContext context, UnaryServerMethod<TRequest, TResponse> continuation)
    {
        if (!TryTake())
        {
            throw new RpcException(new Status(StatusCode.ResourceExhausted, "rejected by rate limit"));
        }

        // A method is like /v1.PodResourcesLister/List.
        meters.PodResourcesRequests.Add(context.Method.TrimStart('/').Split('.')[0]);
        return continuation(request, context);
    }

    private bool TryTake()
    {
        lock (_lock)
        {
            var now = time.GetTimestamp();
            _tokens = Math.Min(Burst, _tokens + (time.GetElapsedTime(_last, now).TotalSeconds * PerSecond));
            _last = now;
            if (_tokens < 1)
            {
                return false;
            }

            _tokens--;
            return true;
        }
    }
}
