using k8s.Models;

namespace OrleansOrchestrator.NodeAgent.Tests.Security;

/// <content>Containers, what they are told, and how they are watched.</content>
internal static partial class PodFieldTable
{
    private static IEnumerable<PodFieldRow> OfContainers() =>
    [
        Holds("V1Container",
            "env envFrom lifecycle livenessProbe readinessProbe startupProbe ports resources restartPolicyRules securityContext volumeMounts"),
        Done("V1Container", "args", Aspect.Containers, p => First(p).Args = ["x"]),
        Done("V1Container", "command", Aspect.Containers, p => First(p).Command = ["x"]),
        Done("V1Container", "image", Aspect.Containers, p => First(p).Image = "other"),
        Tested("V1Container", "imagePullPolicy", "An_image_that_cannot_be_had_is_told"),
        Done("V1Container", "name", Aspect.Containers, p => First(p).Name = "other"),
        Tested("V1Container", "resizePolicy", "Containers_restart_only_for_what_their_policy_says"),
        Done("V1Container", "restartPolicy", Aspect.Plan, p => First(p).RestartPolicy = "Never"),
        Done("V1Container", "stdin", Aspect.Containers, p => First(p).Stdin = true),
        Done("V1Container", "stdinOnce", Aspect.Containers, p => First(p).StdinOnce = true),
        Done("V1Container", "terminationMessagePath", Aspect.Containers, p =>
            First(p).TerminationMessagePath = "/last"),
        Done("V1Container", "terminationMessagePolicy", Aspect.Containers, p =>
            First(p).TerminationMessagePolicy = "FallbackToLogsOnError"),
        Done("V1Container", "tty", Aspect.Containers, p => First(p).Tty = true),
        Says("V1Container", "volumeDevices", Aspect.Volumes,
            Unmounted("block",
                "error processing PVC default/disk: failed to fetch PVC from API server: persistentvolumeclaims \"disk\" not found"),
            p => First(p).VolumeDevices = [new V1VolumeDevice { Name = "block", DevicePath = "/dev/x" }])
            with { Given = p =>
                p.Spec.Volumes.Add(new V1Volume { Name = "block",
                PersistentVolumeClaim = new V1PersistentVolumeClaimVolumeSource { ClaimName = "disk" } }) },
        Done("V1Container", "workingDir", Aspect.Containers, p => First(p).WorkingDir = "/w"),

        Tested("V1EphemeralContainer",
            "args command env envFrom image imagePullPolicy name securityContext stdin stdinOnce terminationMessagePath terminationMessagePolicy tty volumeMounts workingDir",
            "An_ephemeral_container_has_all_that_the_API_lets_it_have"),
        Elsewhere("V1EphemeralContainer",
            "lifecycle livenessProbe ports readinessProbe resizePolicy resources restartPolicy restartPolicyRules startupProbe volumeDevices", Api),
        Says("V1EphemeralContainer", "targetContainerName", Aspect.Containers, "unable to find target container other",
            p => p.Spec.EphemeralContainers[0].TargetContainerName = "other"),

        Done("V1ContainerPort", "containerPort", Aspect.Sandbox, p => First(p).Ports[0].ContainerPort = 81),
        Done("V1ContainerPort", "hostPort", Aspect.Sandbox, p => First(p).Ports[0].HostPort = 81),
        Done("V1ContainerPort", "protocol", Aspect.Sandbox, p => First(p).Ports[0].Protocol = "UDP"),
        Done("V1ContainerPort", "hostIP", Aspect.Sandbox, p => First(p).Ports[0].HostIP = "192.0.2.5"),
        Tested("V1ContainerPort", "name", "HTTP_and_TCP_probes_reach_the_pod_and_startup_holds_the_others_back"),

        Elsewhere("V1ResourceRequirements", "claims", "the pod's resourceClaims, which the API wants with them"),
        Done("V1ResourceRequirements", "limits", Aspect.Containers, p =>
            First(p).Resources.Limits["memory"] = new("128Mi")),
        Done("V1ResourceRequirements", "requests", Aspect.Containers, p =>
            First(p).Resources.Requests["cpu"] = new("100m")),

        Done("V1ContainerRestartRule", "action", Aspect.Plan, p =>
            First(p).RestartPolicyRules[0].Action = "RestartAllContainers") with { Given = WithRestartRule },
        Holds("V1ContainerRestartRule", "exitCodes"),
        Done("V1ContainerRestartRuleOnExitCodes", "operator", Aspect.Plan, p =>
            First(p).RestartPolicyRules[0].ExitCodes.OperatorProperty = "NotIn")
            with { Given = WithRestartRule },
        Done("V1ContainerRestartRuleOnExitCodes", "values", Aspect.Plan, p =>
            First(p).RestartPolicyRules[0].ExitCodes.Values = [4])
            with { Given = WithRestartRule },

        Tested("V1Lifecycle", "preStop", "Deletion_runs_the_preStop_hook_then_sends_SIGTERM_then_kills"),
        Tested("V1Lifecycle", "postStart", "Containers_start_in_order_fail_restart_and_end"),
        Says("V1Lifecycle", "stopSignal", Aspect.Admission,
            "PodFeatureUnsupported: Pod requires node features that are not available: ContainerStopSignals",
            p => First(p).Lifecycle = new V1Lifecycle { StopSignal = "SIGUSR1" }),

        Tested("V1Probe", "exec failureThreshold periodSeconds",
            "A_failing_liveness_probe_restarts_and_a_failing_readiness_probe_does_not"),
        Tested("V1Probe", "httpGet tcpSocket", "HTTP_and_TCP_probes_reach_the_pod_and_startup_holds_the_others_back"),
        Tested("V1Probe", "grpc", "Grpc_decides_on_start_readiness_and_life"),
        Tested("V1Probe", "timeoutSeconds", "A_server_that_thinks_for_too_long_is_unhealthy"),
        Tested("V1Probe", "initialDelaySeconds successThreshold terminationGracePeriodSeconds",
            "A_probe_waits_counts_and_kills_as_it_says"),

        Done("V1VolumeMount", "mountPath", Aspect.Containers, p => First(p).VolumeMounts[0].MountPath = "/other"),
        Done("V1VolumeMount", "name", Aspect.Containers, p => First(p).VolumeMounts[0].Name = "empty2"),
        Done("V1VolumeMount", "readOnly", Aspect.Containers, p => First(p).VolumeMounts[0].ReadOnlyProperty = true),
        Done("V1VolumeMount", "mountPropagation", Aspect.Containers, p =>
            First(p).VolumeMounts[0].MountPropagation = "HostToContainer"),
        Tested("V1VolumeMount", "subPath subPathExpr", "Volumes_are_mounted_and_follow_their_objects"),
        Says("V1VolumeMount", "recursiveReadOnly", Aspect.Containers,
            "failed to resolve recursive read-only mode: volume \"empty\" requested recursive read-only mode, but it is not supported by the runtime",
            p => First(p).VolumeMounts[0].RecursiveReadOnly = "Enabled") with { Given = p =>
                First(p).VolumeMounts[0].ReadOnlyProperty = true },
    ];

    private static IEnumerable<PodFieldRow> OfEnvironment() =>
    [
        Holds("V1EnvVar", "valueFrom"),
        Done("V1EnvVar", "name", Aspect.Containers, p => First(p).Env[0].Name = "B"),
        Done("V1EnvVar", "value", Aspect.Containers, p => First(p).Env[0].Value = "2"),
        Holds("V1EnvVarSource", "configMapKeyRef secretKeyRef fieldRef resourceFieldRef fileKeyRef"),
        Done("V1ConfigMapKeySelector", "name", Aspect.Containers, p => Source(p, "MAP").ConfigMapKeyRef.Name = "two"),
        Done("V1ConfigMapKeySelector", "key", Aspect.Containers, p => Source(p, "MAP").ConfigMapKeyRef.Key = "b"),
        Done("V1ConfigMapKeySelector", "optional", Aspect.Containers, p =>
            Source(p, "MAP").ConfigMapKeyRef.Optional = true)
            with { Given = p => Source(p, "MAP").ConfigMapKeyRef.Name = "none" },
        Done("V1SecretKeySelector", "name", Aspect.Containers, p => Source(p, "SECRET").SecretKeyRef.Name = "two"),
        Done("V1SecretKeySelector", "key", Aspect.Containers, p => Source(p, "SECRET").SecretKeyRef.Key = "b"),
        Done("V1SecretKeySelector", "optional", Aspect.Containers, p =>
            Source(p, "SECRET").SecretKeyRef.Optional = true)
            with { Given = p => Source(p, "SECRET").SecretKeyRef.Name = "none" },
        Done("V1ObjectFieldSelector", "fieldPath", Aspect.Containers, p =>
            Source(p, "FIELD").FieldRef.FieldPath = "metadata.uid"),
        Elsewhere("V1ObjectFieldSelector", "apiVersion", Api),
        Done("V1ResourceFieldSelector", "containerName", Aspect.Containers, p =>
            Source(p, "AMOUNT").ResourceFieldRef.ContainerName = "i"),
        Done("V1ResourceFieldSelector", "divisor", Aspect.Containers, p =>
            Source(p, "AMOUNT").ResourceFieldRef.Divisor = new("1")),
        Done("V1ResourceFieldSelector", "resource", Aspect.Containers, p =>
            Source(p, "AMOUNT").ResourceFieldRef.Resource = "limits.memory"),
        Done("V1FileKeySelector", "key", Aspect.Containers, p => Source(p, "FILE").FileKeyRef.Key = "B"),
        Done("V1FileKeySelector", "path", Aspect.Containers, p => Source(p, "FILE").FileKeyRef.Path = "g"),
        Done("V1FileKeySelector", "volumeName", Aspect.Containers, p =>
            Source(p, "FILE").FileKeyRef.VolumeName = "empty2"),
        Done("V1FileKeySelector", "optional", Aspect.Containers, p => Source(p, "FILE").FileKeyRef.Optional = true)
            with { Given = p => Source(p, "FILE").FileKeyRef.Key = "NONE" },
        Done("V1EnvFromSource", "prefix", Aspect.Containers, p => First(p).EnvFrom[0].Prefix = "P_"),
        Holds("V1EnvFromSource", "configMapRef secretRef"),
        Done("V1ConfigMapEnvSource", "name", Aspect.Containers, p => First(p).EnvFrom[0].ConfigMapRef.Name = "two"),
        Done("V1ConfigMapEnvSource", "optional", Aspect.Containers, p =>
            First(p).EnvFrom[0].ConfigMapRef.Optional = true)
            with { Given = p => First(p).EnvFrom[0].ConfigMapRef.Name = "none" },
        Done("V1SecretEnvSource", "name", Aspect.Containers, p => First(p).EnvFrom[1].SecretRef.Name = "two"),
        Done("V1SecretEnvSource", "optional", Aspect.Containers, p => First(p).EnvFrom[1].SecretRef.Optional = true)
            with { Given = p => First(p).EnvFrom[1].SecretRef.Name = "none" },
    ];

    private static V1EnvVarSource Source(V1Pod pod, string name) =>
        First(pod).Env.Single(e => e.Name == name).ValueFrom;

    private static void WithRestartRule(V1Pod pod)
    {
        pod.Spec.RestartPolicy = "Never";
        First(pod).RestartPolicy = "Never";
        First(pod).RestartPolicyRules =
            [new V1ContainerRestartRule { Action = "Restart",
                ExitCodes = new V1ContainerRestartRuleOnExitCodes { OperatorProperty = "In", Values = [3] } }];
    }
}
