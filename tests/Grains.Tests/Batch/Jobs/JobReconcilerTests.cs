using CsCheck;
using k8s.Models;
using OrleansOrchestrator.Grains.Batch.Jobs;
using OrleansOrchestrator.Grains.Kernel;
using OrleansOrchestrator.Grains.Tests.Reconciling;
using OrleansOrchestrator.Resources.Kernel;
using OrleansOrchestrator.SeedKit;
using Xunit;

namespace OrleansOrchestrator.Grains.Tests.Batch.Jobs;

/// <summary>A Job with its pods over a fake API; the test is the kubelet.</summary>
public sealed class JobReconcilerTests
{
    private static readonly TimeSpan LongAgo = TimeSpan.FromMinutes(20);

    private readonly World _world = new();

    private V1JobStatus Status => _world.Api.Find<V1Job>("default", "j")!.Status;

    private IEnumerable<(string Type, string Status, string Reason)> Conditions =>
        (Status.Conditions ?? []).Select(c => (c.Type, c.Status, c.Reason));

    private IReadOnlyList<V1Pod> Pods => _world.Api.All<V1Pod>();

    /// <summary>
    /// Whatever ends in whatever order, and wherever the activation is lost: at rest every end is in the counters once,
    /// and there are as many pods as there is work for.
    /// </summary>
    [Fact]
    public void Counts_every_end_once() => Gen.Select(
        Gen.Int[1, 4], Gen.Int[1, 6], Gen.Bool, Gen.Int[0, 11].Array[1, 20], Gen.Int[1, 60], Gen.Bool).Check(
        Play, cases: 100);

    private static void Play(int parallelism, int completions, bool isIndexed, int[] ends, int crashAt, bool isAfter)
    {
        var play = new JobReconcilerTests();
        play.Add(s => (s.Parallelism, s.Completions, s.BackoffLimit, s.CompletionMode) =
            (parallelism, completions, 1_000, isIndexed ? "Indexed" : "NonIndexed"));
        var writes = 0;
        void Crash()
        {
            if (Interlocked.Increment(ref writes) == crashAt)
            {
                throw new InvalidOperationException("the silo is gone");
            }
        }

        play._world.Api.BeforeWrite = _ =>
        {
            if (!isAfter)
            {
                Crash();
            }

            return null;
        };
        play._world.Api.AfterWrite = _ =>
        {
            if (isAfter)
            {
                Crash();
            }
        };
        var (succeeded, failed) = (0, 0);
        play.Settle();
        foreach (var end in ends)
        {
            var active = play._world.ActivePods();
            Assert.Equal(Math.Min(parallelism, completions - succeeded), active.Count);
            if (active.Count == 0)
            {
                break;
            }

            var isSuccess = end % 3 != 0;
            _ = isSuccess ? succeeded++ : failed++;
            play.WithoutCrash(w => w.Finish(active[end % active.Count].Metadata.Name, isSuccess ? 0 : 1, LongAgo));
            play.Settle();
            Assert.Equal((succeeded, failed), (play.Status.Succeeded ?? 0, play.Status.Failed ?? 0));
        }

        Assert.Equal(succeeded == completions, JobConditions.End(play.Status)?.Type == "Complete");
    }

    [Fact]
    public void Waits_longer_after_each_failure()
    {
        Add(s => s.BackoffLimit = 3);
        foreach (var delay in new[] { 10, 20, 40 })
        {
            Settle();
            _world.Finish(_world.ActivePods().Single().Metadata.Name, 1);
            Assert.Equal(TimeSpan.FromSeconds(delay), Settle().After);
            Assert.Empty(_world.ActivePods());
            _world.Time.Advance(TimeSpan.FromSeconds(delay));
        }

        Settle();
        _world.Finish(_world.ActivePods().Single().Metadata.Name, 1);
        Settle();
        Assert.Equal(
            [("FailureTarget", "True", "BackoffLimitExceeded"), ("Failed", "True", "BackoffLimitExceeded")],
            Conditions);
        Assert.Equal((4, null), (Status.Failed, Status.Active));
    }

    /// <summary>Where the memory of failures is lost, the pods tell of them.</summary>
    [Fact]
    public void Remembers_failures_by_the_pods()
    {
        Add(_ => { });
        Settle();
        _world.Finish(_world.ActivePods().Single().Metadata.Name, 1);
        Settle();
        _world.LoseActivations();
        Assert.Equal(TimeSpan.FromSeconds(10), Settle().After);
    }

    /// <summary>Also of whoever begins anew when the failed pod has been cleaned away.</summary>
    [Theory]
    [InlineData("NonIndexed")]
    [InlineData("Indexed")]
    public void The_next_pod_has_a_new_name(string mode)
    {
        Add(s => (s.BackoffLimit, s.CompletionMode) = (10, mode));
        var seen = new HashSet<string>();
        for (var i = 0; i < 4; i++)
        {
            Settle();
            var pod = _world.ActivePods().Single().Metadata.Name;
            Assert.True(seen.Add(pod), $"{pod} was there before");
            _world.Finish(pod, 1);
            Settle();
            Assert.Empty(_world.ActivePods());
            _world.LoseActivations();
            _world.Api.Delete<V1Pod>("default", pod, grace: 0);
            _world.Time.Advance(LongAgo);
        }
    }

    [Fact]
    public void Fails_indexes_one_by_one()
    {
        Add(s => (s.Completions, s.Parallelism, s.CompletionMode, s.BackoffLimit, s.BackoffLimitPerIndex) =
            (3, 3, "Indexed", int.MaxValue, 1));
        for (var failures = 0; failures < 2; failures++)
        {
            Settle();
            var pod = _world.ActivePods().Single(p => p.Metadata.Annotations[JobPod.IndexKey] == "1");
            Assert.Equal($"{failures}", pod.Metadata.Annotations[JobPod.FailureCountKey]);
            Assert.Equal(("j-1", "1"), (pod.Spec.Hostname, pod.Metadata.Labels[JobPod.IndexKey]));
            _world.Finish(pod.Metadata.Name, 1, LongAgo);
        }

        Settle();
        Assert.Equal(("1", 2), (Status.FailedIndexes, Status.Active));
        foreach (var pod in _world.ActivePods())
        {
            _world.Finish(pod.Metadata.Name, 0);
        }

        Settle();
        Assert.Equal(("0,2", "1"), (Status.CompletedIndexes, Status.FailedIndexes));
        Assert.Equal((2, 2), (Status.Succeeded, Status.Failed));
        Assert.Equal([("FailureTarget", "True", "FailedIndexes"), ("Failed", "True", "FailedIndexes")], Conditions);
    }

    [Fact]
    public void Stops_the_rest_when_enough_has_succeeded()
    {
        Add(s =>
        {
            (s.Completions, s.Parallelism, s.CompletionMode) = (3, 3, "Indexed");
            s.SuccessPolicy = new V1SuccessPolicy { Rules = [new V1SuccessPolicyRule { SucceededIndexes = "2" }] };
        });
        Settle();
        foreach (var pod in _world.ActivePods())
        {
            _world.SetReady(pod.Metadata.Name, true);
        }

        _world.Finish(_world.ActivePods().Single(p => p.Metadata.Annotations[JobPod.IndexKey] == "2").Metadata.Name, 0);
        Settle();
        Assert.Equal([("SuccessCriteriaMet", "True", "SuccessPolicy")], Conditions);
        Assert.Equal((2, null, 1), (Status.Terminating, Status.Failed, Status.Succeeded));
        foreach (var pod in Pods.Where(p => p.Metadata.DeletionTimestamp is not null).ToList())
        {
            _world.EndPod(pod.Metadata.Name);
        }

        Settle();
        Assert.Equal("Complete", JobConditions.End(Status)?.Type);
        Assert.Equal((0, null), (Status.Terminating, Status.Failed));
    }

    /// <summary>Whoever deletes a pod before enough has succeeded makes a failure of it.</summary>
    [Theory]
    [InlineData("TerminatingOrFailed", null, 1)]
    [InlineData("TerminatingOrFailed", 3, 1)]
    [InlineData("Failed", null, null)]
    public void A_pod_that_was_deleted_before_enough_had_succeeded_counts(
        string replacement, int? limitPerIndex, int? failed)
    {
        Add(s =>
        {
            (s.Completions, s.Parallelism, s.CompletionMode) = (3, 3, "Indexed");
            (s.PodReplacementPolicy, s.BackoffLimitPerIndex) = (replacement, limitPerIndex);
            s.SuccessPolicy = new V1SuccessPolicy { Rules = [new V1SuccessPolicyRule { SucceededIndexes = "1" }] };
        });
        Settle();
        var pods = _world.ActivePods().ToDictionary(
            static p => p.Metadata.Annotations[JobPod.IndexKey], static p => p.Metadata.Name);
        _world.SetReady(pods["0"], true);
        _world.SetReady(pods["2"], true);
        _world.Api.Delete<V1Pod>("default", pods["0"]);
        _world.Finish(pods["1"], 0);
        Settle();
        Assert.Equal((2, 1, failed), (Status.Terminating, Status.Succeeded, Status.Failed));
        _world.EndPod(pods["0"]);
        _world.EndPod(pods["2"]);
        Settle();
        Assert.Equal(("Complete", failed), (JobConditions.End(Status)?.Type, Status.Failed));
    }

    [Fact]
    public void Suspends_and_resumes()
    {
        Add(s => s.Suspend = true);
        Settle();
        Assert.Equal([("Suspended", "True", "JobSuspended")], Conditions);
        Assert.Null(Status.StartTime);
        Change(s => s.Suspend = false);
        Settle();
        Assert.Equal([("Suspended", "False", "JobResumed")], Conditions);
        Assert.NotNull(Status.StartTime);
        Change(s => s.Suspend = true);
        Settle();
        Assert.Empty(_world.ActivePods());
        Assert.Equal((null, null, null), (Status.StartTime, Status.Active, Status.Failed));
    }

    [Fact]
    public void Ends_at_its_deadline()
    {
        Add(s => s.ActiveDeadlineSeconds = 60);
        Assert.Equal(TimeSpan.FromSeconds(60), Settle().After);
        _world.Time.Advance(TimeSpan.FromSeconds(60));
        Settle();
        Assert.Equal(
            [("FailureTarget", "True", "DeadlineExceeded"), ("Failed", "True", "DeadlineExceeded")], Conditions);
        Assert.Equal(1, Status.Failed);
    }

    [Theory]
    [InlineData("TerminatingOrFailed", 1, 1)]
    [InlineData("Failed", 0, null)]
    public void Replaces_terminating_pods_or_waits(string policy, int replaced, int? failed)
    {
        Add(s => s.PodReplacementPolicy = policy);
        Settle();
        var pod = _world.ActivePods().Single().Metadata.Name;
        _world.SetReady(pod, true);
        _world.Api.Delete<V1Pod>("default", pod);
        Settle();
        _world.Time.Advance(PodBackoff.First);
        Settle();
        Assert.Equal((replaced, failed, 1), (_world.ActivePods().Count, Status.Failed, Status.Terminating));
    }

    [Fact]
    public void Is_deleted_some_time_after_its_end()
    {
        Add(s => s.TtlSecondsAfterFinished = 5);
        Settle();
        _world.Finish(_world.ActivePods().Single().Metadata.Name, 0);
        Assert.Equal(TimeSpan.FromSeconds(5), Settle().After);
        _world.Time.Advance(TimeSpan.FromSeconds(5));
        Settle();
        Assert.Contains("foregroundDeletion", _world.Api.Find<V1Job>("default", "j")!.Metadata.Finalizers);
    }

    [Fact]
    public void Leaves_alone_what_another_controller_manages()
    {
        Add(s => s.ManagedBy = "example.com/mine");
        var before = _world.Api.Writes;
        Settle();
        Assert.Equal(before, _world.Api.Writes);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Adopts_with_the_finalizer_and_releases_without(bool isOwnedOnly)
    {
        var labels = new Dictionary<string, string> { ["app"] = "j" };
        _world.AddPod("orphan", "n1", labels);
        Add(_ => { });
        if (isOwnedOnly)
        {
            var owner = _world.Api.Find<V1Job>("default", "j")!.ControllerReference();
            (owner.Controller, owner.BlockOwnerDeletion) = (null, null);
            _world.Api.Change<V1Pod>("default", "orphan", p => p.Metadata.OwnerReferences = [owner]);
        }

        Settle();
        var adopted = Assert.Single(Pods).Metadata;
        Assert.Equal(("orphan", JobTracking.Finalizer), (adopted.Name, Assert.Single(adopted.Finalizers)));
        _world.Api.Change<V1Pod>("default", "orphan", p => p.Metadata.Labels["app"] = "debug");
        Settle();
        var released = _world.Api.Find<V1Pod>("default", "orphan")!.Metadata;
        Assert.Equal((null, null), (released.OwnerReferences, released.Finalizers));
        Assert.Equal(2, Pods.Count);
    }

    [Fact]
    public void Lets_its_pods_go_when_it_is_deleted()
    {
        Add(s => s.Parallelism = 2);
        Settle();
        _world.Api.Delete<V1Job>("default", "j", "Foreground");
        Settle();
        Assert.All(Pods, p => Assert.Null(p.Metadata.Finalizers));
    }

    private void Add(Action<V1JobSpec> change) => _world.AddJob("j", change);

    private void Change(Action<V1JobSpec> change) => _world.Api.Change<V1Job>("default", "j", j => change(j.Spec));

    /// <summary>Steps until nothing changes; what is lost on the way begins anew.</summary>
    private ReconcileResult Settle()
    {
        const int maxSteps = 60;
        for (var step = 0; step < maxSteps; step++)
        {
            var before = _world.Api.Writes;
            try
            {
                var result = _world.Step<V1Job>("j");
                if (result.After != TimeSpan.Zero && _world.Api.Writes == before)
                {
                    return result;
                }
            }
            catch (Exception error) when (error is InvalidOperationException or AggregateException)
            {
                _world.LoseActivations();
            }
        }

        throw new TimeoutException("no rest");
    }

    private void WithoutCrash(Action<World> act)
    {
        var (before, after) = (_world.Api.BeforeWrite, _world.Api.AfterWrite);
        (_world.Api.BeforeWrite, _world.Api.AfterWrite) = (null, null);
        act(_world);
        (_world.Api.BeforeWrite, _world.Api.AfterWrite) = (before, after);
    }
}
