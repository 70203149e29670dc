package topology

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/containerd/errdefs"
	"github.com/moby/moby/api/types/container"
	"github.com/moby/moby/client"
)

// Labels of everything that a run has in the engine.
const (
	labelBrunt = "brunt"     // 1
	labelRun   = "brunt.run" // the run's id
	labelNode  = "brunt.node"
	// labelBeside is on what belongs to one of several topologies that the run has at the same time: Options.Beside.
	labelBeside = "brunt.beside"
)

// removalDeadline bounds the removal of one thing. Killing a container takes the engine 10 s when its processes do not die.
const removalDeadline = 15 * time.Second

// Sweep removes every container, network and volume of the run, whatever state they are in. It asks the engine directly,
// needs nothing else of the run, and may be repeated. Where there is no engine there is nothing to remove, and no error.
func Sweep(ctx context.Context, runID string) error {
	if runID == "" {
		return errors.New("sweep: no run is named")
	}
	engine, err := client.New(client.FromEnv)
	if err != nil {
		return nil // no engine can be spoken to here, so nothing was started in one
	}
	defer engine.Close()
	if _, err := ask(ctx, engine); err != nil {
		return unlessMissing(ctx, err)
	}
	return sweep(ctx, engine, []string{labelRun + "=" + runID})
}

// unlessMissing is nil when there simply is no engine. One that is there and does not answer stays an error.
func unlessMissing(ctx context.Context, err error) error {
	if ctx.Err() != nil || errors.Is(err, context.DeadlineExceeded) {
		return fmt.Errorf("the engine does not answer: %w", err)
	}
	return nil
}

// sweep removes what bears all of these labels.
func sweep(ctx context.Context, engine *client.Client, labels []string) error {
	filter := make(client.Filters).Add("label", labels...)
	var problems []error
	containers, err := engine.ContainerList(ctx, client.ContainerListOptions{All: true, Filters: filter})
	problems = append(problems, err)
	for _, c := range containers.Items {
		problems = append(problems, removeContainer(ctx, engine, c.ID))
	}
	networks, err := engine.NetworkList(ctx, client.NetworkListOptions{Filters: filter})
	problems = append(problems, err)
	for _, n := range networks.Items {
		_, err := engine.NetworkRemove(ctx, n.ID, client.NetworkRemoveOptions{})
		problems = append(problems, unlessGone(err))
	}
	volumes, err := engine.VolumeList(ctx, client.VolumeListOptions{Filters: filter})
	problems = append(problems, err)
	for _, v := range volumes.Items {
		problems = append(problems, removeVolume(ctx, engine, v.Name))
	}
	if err := errors.Join(problems...); err != nil {
		return fmt.Errorf("sweep %s: %w", strings.Join(labels, ", "), err)
	}
	return nil
}

// removeContainer kills and removes a container with its anonymous volumes. A paused one does not die, so it goes on first.
func removeContainer(ctx context.Context, engine *client.Client, id string) error {
	ctx, cancel := context.WithTimeout(ctx, removalDeadline)
	defer cancel()
	_, _ = engine.ContainerUnpause(ctx, id, client.ContainerUnpauseOptions{}) // an error says that it is not paused
	_, err := engine.ContainerRemove(ctx, id, client.ContainerRemoveOptions{Force: true, RemoveVolumes: true})
	if errdefs.IsConflict(err) {
		// Somebody else, such as the watchdog, removes it at this moment.
		waiting := engine.ContainerWait(ctx, id, client.ContainerWaitOptions{Condition: container.WaitConditionRemoved})
		select {
		case <-waiting.Result:
			return nil
		case err = <-waiting.Error:
		}
	}
	return unlessGone(err)
}

func removeVolume(ctx context.Context, engine *client.Client, name string) error {
	ctx, cancel := context.WithTimeout(ctx, removalDeadline)
	defer cancel()
	_, err := engine.VolumeRemove(ctx, name, client.VolumeRemoveOptions{Force: true})
	return unlessGone(err)
}

func unlessGone(err error) error {
	if errdefs.IsNotFound(err) {
		return nil
	}
	return err
}

// RunsLeft lists the ids of the runs that have something in the engine, sorted. Where there is no engine there are none.
func RunsLeft(ctx context.Context) ([]string, error) {
	owners, err := labelled(ctx)
	return slices.Sorted(maps.Keys(owners)), err
}

// RunsOfTheDead lists those runs among RunsLeft of which every part was made by a process that has certainly ended. It needs no
// record of theirs, and a run that lives is never among them, whoever's it is.
func RunsOfTheDead(ctx context.Context) ([]string, error) {
	owners, err := labelled(ctx)
	maps.DeleteFunc(owners, func(_ string, made []string) bool {
		return slices.ContainsFunc(made, func(label string) bool { return !ownerDead(label) })
	})
	return slices.Sorted(maps.Keys(owners)), err
}

// labelled maps each run that has something in the engine to the labels of who made it.
func labelled(ctx context.Context) (map[string][]string, error) {
	engine, err := client.New(client.FromEnv)
	if err != nil {
		return nil, nil // see Sweep
	}
	defer engine.Close()
	if _, err := ask(ctx, engine); err != nil {
		return nil, unlessMissing(ctx, err)
	}
	filter := make(client.Filters).Add("label", labelRun)
	owners := map[string][]string{}
	note := func(labels map[string]string) {
		owners[labels[labelRun]] = append(owners[labels[labelRun]], labels[labelOwner])
	}
	containers, err := engine.ContainerList(ctx, client.ContainerListOptions{All: true, Filters: filter})
	if err != nil {
		return nil, fmt.Errorf("list what runs have left: %w", err)
	}
	for _, c := range containers.Items {
		note(c.Labels)
	}
	volumes, err := engine.VolumeList(ctx, client.VolumeListOptions{Filters: filter})
	if err != nil {
		return nil, fmt.Errorf("list what runs have left: %w", err)
	}
	for _, v := range volumes.Items {
		note(v.Labels)
	}
	networks, err := engine.NetworkList(ctx, client.NetworkListOptions{Filters: filter})
	if err != nil {
		return nil, fmt.Errorf("list what runs have left: %w", err)
	}
	for _, n := range networks.Items {
		note(n.Labels)
	}
	return owners, nil
}

// Resume lets a paused container go on. One that is gone or not paused needs nothing.
func Resume(ctx context.Context, containerID string) error {
	engine, err := client.New(client.FromEnv)
	if err != nil {
		return err
	}
	defer engine.Close()
	ctx, cancel := context.WithTimeout(ctx, engineDeadline)
	defer cancel()
	return resume(ctx, engine, containerID)
}

func resume(ctx context.Context, engine *client.Client, id string) error {
	found, err := engine.ContainerInspect(ctx, id, client.ContainerInspectOptions{})
	if err != nil {
		return unlessGone(err)
	}
	if found.Container.State == nil || !found.Container.State.Paused {
		return nil
	}
	_, err = engine.ContainerUnpause(ctx, id, client.ContainerUnpauseOptions{})
	return unlessGone(err)
}
