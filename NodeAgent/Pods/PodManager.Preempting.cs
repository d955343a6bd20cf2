using k8s.Models;
using OrleansOrchestrator.NodeAgent.Cluster;

namespace OrleansOrchestrator.NodeAgent.Pods;

/// <content>Room for critical pods: a pod that the node cannot do without ends others, as upstream's kubelet has
/// it.</content>
public sealed partial class PodManager
{
    private const string Preempted = "Preempting";

    /// <summary>
    /// Null admits, once those that went have ended or have had the time for it. The room is the pod's as soon as
    /// somebody is chosen to go: nobody who comes meanwhile gets it.
    /// </summary>
    private async Task<PodVerdict?> MakeRoomAsync(PodWorker worker, V1Pod pod, CancellationToken cancellationToken)
    {
        IReadOnlyList<MissingAmount> missing;
        RoomPlan plan;
        lock (_admission)
        {
            var input = InputFor(worker, pod);
            if (PodAdmission.CheckButRoom(input) is { } refusal)
            {
                return refusal;
            }

            missing = PodAdmission.Missing(input);
            plan = CriticalPodPlanner.Plan(pod, input.Others, missing);
            if (plan.Missing.Count > 0)
            {
                return new PodVerdict(
                    "UnexpectedAdmissionError",
                    $"Unexpected error while attempting to recover from admission failure: {plan.Problem}");
            }

            GiveRoom(worker, pod);
        }

        var victims = plan.Victims.Select(v => Worker(v.Metadata.Uid)).OfType<PodWorker>();
        await Task.WhenAll(victims.Select(v => PreemptAsync(v, missing[0].Resource, cancellationToken)));
        return null;
    }

    private async Task PreemptAsync(PodWorker victim, string signal, CancellationToken cancellationToken)
    {
        const string message = "Preempted in order to admit critical pod";
        services.Events.Pod(victim.Pod, EventRecorder.Warning, Preempted, message);
        victim.End(
            new PodVerdict(Preempted, message)
            {
                Disruption = "Pod was preempted by Kubelet to accommodate a critical pod.",
            },
            grace: null);
        try
        {
            await victim.WhenEnded.WaitAsync(
                CriticalPodPlanner.LongestEnding(victim.Pod), services.Time, cancellationToken);
            services.Meters.Preemptions.Add(signal);
        }
        catch (TimeoutException)
        {
            services.Events.Pod(
                victim.Pod, EventRecorder.Warning, "ExceededGracePeriod",
                "Container runtime did not kill the pod within specified grace period.");
        }
    }
}
